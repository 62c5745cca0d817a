// SPDX-License-Identifier: BSL-1.0
package bench

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"
)

// A hundred at a time, as on leash's side.
func BenchmarkGoFinish(b *testing.B) {
	const batch = 100
	var group sync.WaitGroup
	measure(b, func() {
		for n := 0; n < b.N; n += batch {
			group.Add(batch)
			for i := 0; i < batch; i++ {
				go group.Done()
			}
			group.Wait()
		}
	})
}

// parkUnder starts goroutines that wait until ctx is done, and returns when all of them wait.
func parkUnder(ctx context.Context, count int, group *sync.WaitGroup) {
	never := make(chan int)
	group.Add(count)
	for n := 0; n < count; n++ {
		go func() {
			defer group.Done()
			select {
			case <-never:
			case <-ctx.Done():
			}
		}()
	}
	settle()
}

// settle gives goroutines that were started the time to park.
func settle() {
	for n := 0; n < 5; n++ {
		runtime.Gosched()
		time.Sleep(20 * time.Millisecond)
	}
}

// From the call of cancel until the last of them has ended.
func cancelParked(b *testing.B, count int) {
	var spent time.Duration
	for n := 0; n < b.N; n++ {
		var group sync.WaitGroup
		ctx, cancel := context.WithCancel(context.Background())
		parkUnder(ctx, count, &group)
		start := cpuTime()
		cancel()
		group.Wait()
		spent += cpuTime() - start
	}
	report(b, spent)
}

func BenchmarkCancelParked10000(b *testing.B)   { cancelParked(b, 10_000) }
func BenchmarkCancelParked1000000(b *testing.B) { cancelParked(b, 1_000_000) }
