// SPDX-License-Identifier: BSL-1.0
package bench

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"testing"
	"time"
)

func residentBytes() float64 {
	file, err := os.Open("/proc/self/statm")
	if err != nil {
		panic(err)
	}
	defer file.Close()
	var total, resident int
	if _, err := fmt.Fscan(file, &total, &resident); err != nil {
		panic(err)
	}
	return float64(resident * os.Getpagesize())
}

// Resident memory of a million goroutines, and what is left of it when they have ended and Go was asked to give it back.
func memory(b *testing.B, wait func(ctx context.Context, never chan int)) {
	const count = 1_000_000
	var group sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	never := make(chan int)
	before := residentBytes()
	group.Add(count)
	for n := 0; n < count; n++ {
		go func() {
			defer group.Done()
			wait(ctx, never)
		}()
	}
	settle()
	peak := residentBytes()
	cancel()
	close(never)
	group.Wait()
	debug.FreeOSMemory()
	after := residentBytes()
	b.ReportMetric((peak-before)/count, "bytes_per_task")
	b.ReportMetric(100*(after-before)/(peak-before), "kept_percent")
}

func BenchmarkMemoryParked(b *testing.B) {
	memory(b, func(_ context.Context, never chan int) { <-never })
}

func BenchmarkMemoryUnderContext(b *testing.B) {
	memory(b, func(ctx context.Context, never chan int) {
		select {
		case <-never:
		case <-ctx.Done():
		}
	})
}

func BenchmarkMemoryWithTimeout(b *testing.B) {
	memory(b, func(parent context.Context, never chan int) {
		ctx, cancel := context.WithTimeout(parent, time.Hour)
		defer cancel()
		select {
		case <-never:
		case <-ctx.Done():
		}
	})
}
