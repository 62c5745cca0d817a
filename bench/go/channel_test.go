// SPDX-License-Identifier: BSL-1.0
package bench

import "testing"

// Unbuffered: each value is handed from one goroutine to the other.
func BenchmarkSendReceive(b *testing.B) {
	channel := make(chan int)
	done := make(chan struct{})
	go func() {
		for range channel {
		}
		close(done)
	}()
	measure(b, func() {
		for n := 0; n < b.N; n++ {
			channel <- n
		}
		close(channel)
		<-done
	})
}
