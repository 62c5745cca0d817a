// SPDX-License-Identifier: BSL-1.0
// The twelve leak patterns of bench/leak_patterns.hpp in Go, and what its goroutineleak profile finds of them. Each line is
// a pattern, what was found of the leaky version, and what of the fixed one, separated by tabs. Status 4: this Go does not
// have the profile.
package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"regexp"
	"runtime/pprof"
	"strconv"
	"sync"
	"time"
)

var (
	keptChannels []chan int
	keptCancels  []context.CancelFunc
	keptSockets  []net.Conn
)

type handler func(ctx context.Context)

func receive(ctx context.Context, from chan int) {
	select {
	case <-from:
	case <-ctx.Done():
	}
}

func send(ctx context.Context, to chan int) {
	select {
	case to <- 1:
	case <-ctx.Done():
	}
}

func inGroup(n int, f func()) *sync.WaitGroup {
	var group sync.WaitGroup
	group.Add(n)
	for i := 0; i < n; i++ {
		go func() { defer group.Done(); f() }()
	}
	return &group
}

func pipe() net.Conn {
	ours, theirs := net.Pipe()
	keptSockets = append(keptSockets, ours, theirs)
	return ours
}

var patterns = []struct {
	name         string
	leaky, fixed handler
}{
	{"no sender", func(context.Context) {
		values := make(chan int)
		go func() { <-values }()
	}, func(ctx context.Context) {
		working, cancel := context.WithCancel(ctx)
		values := make(chan int)
		group := inGroup(1, func() { receive(working, values) })
		cancel()
		group.Wait()
	}},
	{"first of three", func(context.Context) {
		answers := make(chan int)
		for i := 0; i < 3; i++ {
			go func() { answers <- 1 }()
		}
		<-answers
	}, func(ctx context.Context) {
		working, cancel := context.WithCancel(ctx)
		answers := make(chan int)
		group := inGroup(3, func() { send(working, answers) })
		<-answers
		cancel()
		group.Wait()
	}},
	{"not closed", func(context.Context) {
		values := make(chan int)
		go func() {
			for range values {
			}
		}()
		values <- 1
	}, func(context.Context) {
		values := make(chan int)
		go func() {
			for range values {
			}
		}()
		values <- 1
		close(values)
	}},
	{"skipped done", func(context.Context) {
		group := new(sync.WaitGroup)
		group.Add(1)
		go func() {}()
		go func() { group.Wait() }()
	}, func(context.Context) {
		group := new(sync.WaitGroup)
		group.Add(1)
		go func() { defer group.Done() }()
		go func() { group.Wait() }()
	}},
	{"for each other", func(context.Context) {
		a, b := make(chan int), make(chan int)
		go func() { <-a; b <- 1 }()
		go func() { <-b; a <- 1 }()
	}, func(ctx context.Context) {
		working, cancel := context.WithCancel(ctx)
		a, b := make(chan int), make(chan int)
		group := inGroup(1, func() { receive(working, a); send(working, b) })
		other := inGroup(1, func() { receive(working, b); send(working, a) })
		cancel()
		group.Wait()
		other.Wait()
	}},
	{"without an owner", func(context.Context) {
		values := make(chan int)
		go func() { <-values }()
	}, func(context.Context) {
		values := make(chan int)
		go func() { <-values }()
		close(values)
	}},
	{"endless poller", func(context.Context) {
		go func() {
			for {
				time.Sleep(100 * time.Millisecond)
			}
		}()
	}, func(ctx context.Context) {
		go func() {
			for {
				select {
				case <-time.After(100 * time.Millisecond):
				case <-ctx.Done():
					return
				}
			}
		}()
	}},
	{"long sleep", func(context.Context) {
		go func() { time.Sleep(time.Hour) }()
	}, func(ctx context.Context) {
		go func() {
			select {
			case <-time.After(time.Hour):
			case <-ctx.Done():
			}
		}()
	}},
	{"hung upstream", func(context.Context) {
		upstream := pipe()
		go func() { upstream.Read(make([]byte, 16)) }()
	}, func(ctx context.Context) {
		upstream := pipe()
		go func() { <-ctx.Done(); upstream.SetReadDeadline(time.Now()) }()
		go func() { upstream.Read(make([]byte, 16)) }()
	}},
	{"kept channel", func(context.Context) {
		values := make(chan int)
		keptChannels = append(keptChannels, values)
		go func() { <-values }()
	}, func(context.Context) {
		values := make(chan int)
		keptChannels = append(keptChannels, values)
		go func() { <-values }()
		close(values)
	}},
	{"kept cancel", func(context.Context) {
		working, cancel := context.WithCancel(context.Background())
		keptCancels = append(keptCancels, cancel)
		go func() { <-working.Done() }()
	}, func(ctx context.Context) {
		working, cancel := context.WithCancel(ctx)
		keptCancels = append(keptCancels, cancel)
		go func() { <-working.Done() }()
	}},
	{"kept deadline", func(context.Context) {
		_, cancel := context.WithTimeout(context.Background(), time.Hour)
		keptCancels = append(keptCancels, cancel)
	}, func(ctx context.Context) {
		_, cancel := context.WithTimeout(ctx, time.Hour)
		keptCancels = append(keptCancels, cancel)
	}},
}

var total = regexp.MustCompile(`^goroutineleak profile: total (\d+)`)

// How many goroutines the profile has.
func leaked(profile *pprof.Profile) int {
	var text bytes.Buffer
	if err := profile.WriteTo(&text, 1); err != nil {
		fmt.Fprintln(os.Stderr, "leaks:", err)
		os.Exit(1)
	}
	found := total.FindSubmatch(text.Bytes())
	if found == nil {
		fmt.Fprintln(os.Stderr, "leaks: the profile does not begin with its total")
		os.Exit(1)
	}
	count, _ := strconv.Atoi(string(found[1]))
	return count
}

func main() {
	profile := pprof.Lookup("goroutineleak")
	if profile == nil {
		fmt.Fprintln(os.Stderr, "leaks: this Go has no goroutineleak profile")
		os.Exit(4)
	}
	before := leaked(profile)
	more := func(run handler) string {
		ctx, cancel := context.WithCancel(context.Background())
		run(ctx)
		cancel()
		time.Sleep(50 * time.Millisecond)
		now := leaked(profile)
		count := now - before
		before = now
		if count == 0 {
			return "nothing"
		}
		return strconv.Itoa(count) + " leaked"
	}
	for _, pattern := range patterns {
		fmt.Printf("%s\t%s\t%s\n", pattern.name, more(pattern.leaky), more(pattern.fixed))
	}
}
