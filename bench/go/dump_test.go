// SPDX-License-Identifier: BSL-1.0
package bench

import (
	"bytes"
	"context"
	"runtime"
	"runtime/pprof"
	"sync"
	"testing"
)

func withParked(b *testing.B, count int, work func()) {
	var group sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	parkUnder(ctx, count, &group)
	b.ResetTimer()
	measure(b, func() {
		for n := 0; n < b.N; n++ {
			work()
		}
	})
	b.StopTimer()
	cancel()
	group.Wait()
}

// What goleak does before it parses: Go cannot ask for the leaked ones alone.
func BenchmarkLeakCheck10000(b *testing.B) {
	withParked(b, 10_000, func() {
		for size := 64 << 10; ; size *= 2 {
			buffer := make([]byte, size)
			if runtime.Stack(buffer, true) < size {
				return
			}
		}
	})
}

func profile(detail int) func() {
	return func() {
		var text bytes.Buffer
		if err := pprof.Lookup("goroutine").WriteTo(&text, detail); err != nil {
			panic(err)
		}
	}
}

// Goroutines with the same stack are one entry.
func BenchmarkReportGrouped100000(b *testing.B) { withParked(b, 100_000, profile(1)) }
func BenchmarkDump1000000(b *testing.B)         { withParked(b, 1_000_000, profile(1)) }

// One entry each; pprof stops at 64 MiB of text.
func BenchmarkReportEach100000(b *testing.B) { withParked(b, 100_000, profile(2)) }

func BenchmarkCount1000000(b *testing.B) {
	withParked(b, 1_000_000, func() { _ = runtime.NumGoroutine() })
}
