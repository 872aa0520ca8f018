package main

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

func fib(n int) int {
	if n < 2 {
		return n
	}
	left := make(chan int, 1)
	go func() { left <- fib(n - 1) }()
	right := fib(n - 2)
	return <-left + right
}

// The sum of the leaves first .. first + leaves - 1.
func skynet(first, leaves int, result chan<- int) {
	if leaves == 1 {
		result <- first
		return
	}
	below := make(chan int, 10)
	for i := 0; i < 10; i++ {
		go skynet(first+i*leaves/10, leaves/10, below)
	}
	sum := 0
	for i := 0; i < 10; i++ {
		sum += <-below
	}
	result <- sum
}

const many = 1000

var slots [many]uint32

func joinOne(stamp uint32) bool {
	done := make(chan struct{})
	go func() {
		slots[0] = stamp
		close(done)
	}()
	<-done
	return slots[0] == stamp
}

func joinMany(stamp uint32) bool {
	var all sync.WaitGroup
	all.Add(many)
	for i := range slots {
		go func(i int) {
			slots[i] = stamp
			all.Done()
		}(i)
	}
	all.Wait()
	return allAre(stamp)
}

func allAre(stamp uint32) bool {
	for _, slot := range slots {
		if slot != stamp {
			return false
		}
	}
	return true
}

// What golang.org/x/sync/errgroup does, by hand: the first error is kept.
type group struct {
	all  sync.WaitGroup
	once sync.Once
	err  error
}

func (g *group) spawn(f func() error) {
	g.all.Add(1)
	go func() {
		defer g.all.Done()
		if err := f(); err != nil {
			g.once.Do(func() { g.err = err })
		}
	}()
}

func (g *group) wait() error {
	g.all.Wait()
	return g.err
}

func scope(stamp uint32, failing bool) bool {
	var g group
	for i := range slots {
		i := i
		g.spawn(func() error {
			slots[i] = stamp
			if failing && i == many-1 {
				return errors.New("the last one fails")
			}
			return nil
		})
	}
	return (g.wait() != nil) == failing && allAre(stamp)
}

func sleepers() (figures, bool) {
	const count = 100_000
	var all sync.WaitGroup
	var early, latest atomic.Int64
	cpu, begin := cpuTime(), time.Now()
	all.Add(count)
	for i := 0; i < count; i++ {
		go func(length time.Duration) {
			defer all.Done()
			due := time.Now().Add(length)
			time.Sleep(length)
			late := int64(time.Since(due))
			if late < 0 {
				early.Add(1)
			}
			for before := latest.Load(); late > before && !latest.CompareAndSwap(before, late); before = latest.Load() {
			}
		}(time.Duration(i*7_654_321%1_000_000) * time.Microsecond)
	}
	all.Wait()
	return figures{"cpu_ms": (cpuTime() - cpu).Seconds() * 1e3, "over_1s_ms": (time.Since(begin) - time.Second).Seconds() * 1e3,
		"latest_ms": float64(latest.Load()) / 1e6}, early.Load() == 0
}

// stamped runs f n times, each time with a stamp that was not there before.
func stamped(f func(stamp uint32) bool) func(n int) bool {
	stamp := uint32(0)
	return func(n int) bool {
		for i := 0; i < n; i++ {
			stamp++
			if !f(stamp) {
				return false
			}
		}
		return true
	}
}

func tasks() []row {
	rows := []row{}
	for workers := 1; workers <= 2; workers++ {
		name := func(prefix string) string { return fmt.Sprintf("%s/workers:%d", prefix, workers) }
		rows = append(rows,
			row{name: name("fib/spawn/go/n:30"), workers: workers, items: 1_346_268,
				run: stamped(func(uint32) bool { return fib(30) == 832_040 })},
			row{name: name("skynet/tree/go/leaves:1000000"), workers: workers, items: 1_000_000, run: stamped(func(uint32) bool {
				result := make(chan int, 1)
				skynet(0, 1_000_000, result)
				return <-result == 499_999_500_000
			})},
			row{name: name("spawn_join/one/go"), workers: workers, items: 1, run: stamped(joinOne)},
			row{name: name("spawn_join/thousand/go"), workers: workers, items: many, run: stamped(joinMany)},
			row{name: name("group/thousand/go"), workers: workers, items: many,
				run: stamped(func(stamp uint32) bool { return scope(stamp, false) })},
			row{name: name("group/with_failure/go"), workers: workers, items: many,
				run: stamped(func(stamp uint32) bool { return scope(stamp, true) })},
			row{name: name("sleepers/100k/go"), workers: workers, once: sleepers})
	}
	return rows
}
