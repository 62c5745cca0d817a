// SPDX-License-Identifier: BSL-1.0
// What leash-server's /healthz and /demo?pattern=receive do in fixed mode, by net/http: bench/server compares them.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

type answer struct {
	Pattern   string  `json:"pattern"`
	Mode      string  `json:"mode"`
	Request   uint64  `json:"request"`
	Started   int     `json:"started"`
	Joined    int     `json:"joined"`
	Left      int     `json:"left"`
	ElapsedMs float64 `json:"elapsed_ms"`
}

var requests atomic.Uint64

func health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, `{"status":"alive"}`)
}

// A goroutine waits for a value that never comes; it is canceled and joined before the answer.
func demo(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	working, stop := context.WithCancel(ctx)
	defer stop()
	values := make(chan int)
	var group sync.WaitGroup
	group.Add(1)
	go func() {
		defer group.Done()
		held := strings.Repeat("x", 4096)
		select {
		case <-values:
			_ = held
		case <-working.Done():
		}
	}()
	select {
	case <-time.After(0):
	case <-ctx.Done():
	}
	stop()
	group.Wait()
	if ctx.Err() != nil {
		http.Error(w, "deadline", http.StatusGatewayTimeout)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(answer{"receive", "fixed", requests.Add(1), 1, 1, 0,
		float64(time.Since(began).Nanoseconds()) / 1e6})
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	http.HandleFunc("/healthz", health)
	http.HandleFunc("/demo", demo)
	fmt.Printf("ready public=http://%s\n", listener.Addr())
	panic(http.Serve(listener, nil))
}
