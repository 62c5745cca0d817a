// SPDX-License-Identifier: BSL-1.0
package bench

import (
	"context"
	"testing"
	"time"
)

func BenchmarkWithTimeoutCancel(b *testing.B) {
	parent, cancelParent := context.WithCancel(context.Background())
	defer cancelParent()
	b.ReportAllocs()
	measure(b, func() {
		for n := 0; n < b.N; n++ {
			_, cancel := context.WithTimeout(parent, 5*time.Second)
			cancel()
		}
	})
}
