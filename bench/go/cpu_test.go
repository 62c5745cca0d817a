// SPDX-License-Identifier: BSL-1.0
// Go's side of scripts/bench: the same work, with goroutines. One case a process; CPU time in every row, because others
// may use the machine, too.
package bench

import (
	"syscall"
	"testing"
	"time"
)

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// The CPU time of the whole loop of a benchmark.
func measure(b *testing.B, loop func()) {
	start := cpuTime()
	loop()
	report(b, cpuTime()-start)
}

func report(b *testing.B, cpu time.Duration) {
	b.ReportMetric(float64(cpu.Nanoseconds())/float64(b.N), "cpu_time")
}
