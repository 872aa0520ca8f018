package main

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// 1,000,000 yields in all, so many goroutines in turn.
func yields(fibers int) bool {
	var all sync.WaitGroup
	var done atomic.Int64
	all.Add(fibers)
	for i := 0; i < fibers; i++ {
		go func() {
			defer all.Done()
			for j := 0; j < 1_000_000/fibers; j++ {
				runtime.Gosched()
			}
			done.Add(int64(1_000_000 / fibers))
		}()
	}
	all.Wait()
	return done.Load() == 1_000_000
}

func pingPong(capacity int) bool {
	const rounds = 10_000
	there, back := make(chan int, capacity), make(chan int, capacity)
	go func() {
		for i := 0; i < rounds; i++ {
			back <- <-there + 1
		}
	}()
	sum := 0
	for i := 0; i < rounds; i++ {
		there <- i
		sum += <-back
	}
	return sum == rounds*(rounds+1)/2
}

func putAndGet(pairs int) bool {
	const items = 100_000
	each := items / pairs
	queue, sums := make(chan int, 1024), make(chan int, pairs)
	for p := 0; p < pairs; p++ {
		go func() {
			for i := 0; i < each; i++ {
				queue <- i
			}
		}()
		go func() {
			sum := 0
			for i := 0; i < each; i++ {
				sum += <-queue
			}
			sums <- sum
		}()
	}
	sum := 0
	for p := 0; p < pairs; p++ {
		sum += <-sums
	}
	return sum == pairs*each*(each-1)/2
}

// One sends to four channels in turn, the other receives from whichever is ready.
func oneOfFour(capacity int) bool {
	const items = 40_000
	var four [4]chan int
	for i := range four {
		four[i] = make(chan int, capacity)
	}
	go func() {
		for i := 0; i < items; i++ {
			four[i%4] <- i
		}
	}()
	sum := 0
	for i := 0; i < items; i++ {
		select {
		case value := <-four[0]:
			sum += value
		case value := <-four[1]:
			sum += value
		case value := <-four[2]:
			sum += value
		case value := <-four[3]:
			sum += value
		}
	}
	return sum == items*(items-1)/2
}

func lockAlone(n int) bool {
	var m sync.Mutex
	held := 0
	for i := 0; i < n; i++ {
		m.Lock()
		held++
		m.Unlock()
	}
	return held == n
}

func lockEight() bool {
	const each = 10_000
	var m sync.Mutex
	var all sync.WaitGroup
	held := 0
	all.Add(8)
	for t := 0; t < 8; t++ {
		go func() {
			defer all.Done()
			for i := 0; i < each; i++ {
				m.Lock()
				held++
				m.Unlock()
			}
		}()
	}
	all.Wait()
	return held == 8*each
}

// f waits for a value; with guarded under a time-out of a second that never passes.
func withTimeout(result <-chan int, guarded bool) int {
	if !guarded {
		return <-result
	}
	limit, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	select {
	case value := <-result:
		return value
	case <-limit.Done():
		return -1
	}
}

func ready(n int, guarded bool) bool {
	result := make(chan int, 1)
	for i := 0; i < n; i++ {
		result <- i
		if withTimeout(result, guarded) != i {
			return false
		}
	}
	return true
}

func suspendsOnce(n int, guarded bool) bool {
	for i := 0; i < n; i++ {
		i, result := i, make(chan int)
		go func() { result <- i }()
		if withTimeout(result, guarded) != i {
			return false
		}
	}
	return true
}

func times(f func() bool) func(n int) bool {
	return func(n int) bool {
		for i := 0; i < n; i++ {
			if !f() {
				return false
			}
		}
		return true
	}
}

func waiting() []row {
	rows := []row{{name: "mutex/alone/go/workers:1", workers: 1, items: 1, run: lockAlone}}
	for _, fibers := range []int{2, 1000} {
		fibers := fibers
		rows = append(rows, row{name: fmt.Sprintf("yield/all/go/workers:1/fibers:%d", fibers), workers: 1, items: 1_000_000,
			run: times(func() bool { return yields(fibers) })})
	}
	for library, guarded := range map[string]bool{"go": true, "go_bare": false} {
		guarded := guarded
		rows = append(rows,
			row{name: "timeout/ready/" + library + "/workers:1", workers: 1, items: 1,
				run: func(n int) bool { return ready(n, guarded) }},
			row{name: "timeout/suspends_once/" + library + "/workers:1", workers: 1, items: 1,
				run: func(n int) bool { return suspendsOnce(n, guarded) }})
	}
	for workers := 1; workers <= 2; workers++ {
		rows = append(rows,
			row{name: fmt.Sprintf("channel/ping_pong/go/workers:%d", workers), workers: workers, items: 10_000,
				run: times(func() bool { return pingPong(0) })},
			row{name: fmt.Sprintf("channel/ping_pong_buffered/go/workers:%d", workers), workers: workers, items: 10_000,
				run: times(func() bool { return pingPong(1) })},
			row{name: fmt.Sprintf("select/one_of_four/go/workers:%d", workers), workers: workers, items: 40_000,
				run: times(func() bool { return oneOfFour(0) })},
			row{name: fmt.Sprintf("mutex/eight/go/workers:%d", workers), workers: workers, items: 80_000, run: times(lockEight)})
		for _, pairs := range []int{1, 4} {
			pairs := pairs
			rows = append(rows, row{name: fmt.Sprintf("queue/put_and_get/go/workers:%d/pairs:%d/capacity:1024", workers, pairs),
				workers: workers, items: 100_000, run: times(func() bool { return putAndGet(pairs) })})
		}
	}
	return rows
}
