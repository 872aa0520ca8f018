package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"syscall"
	"time"
)

type figures map[string]float64

// run does the work n times and says whether all results were right; items: what it does each time.
type row struct {
	name    string
	workers int
	items   int
	run     func(n int) bool
	once    func() (figures, bool) // instead of run, for what takes a second and has figures of its own
}

// Measured for at least minTime, with as many rounds as that takes: found once, kept for the other repetitions.
func (r row) measure(rounds *int, minTime time.Duration) (figures, bool) {
	runtime.GOMAXPROCS(r.workers)
	runtime.GC()
	if r.once != nil {
		return r.once()
	}
	for {
		begin := time.Now()
		right := r.run(*rounds)
		took := time.Since(begin)
		if !right || took >= minTime {
			each := took.Seconds() / float64(*rounds)
			return figures{"per_item": each / float64(r.items), "ms_per_run": each * 1e3}, right
		}
		grow := 1.2*minTime.Seconds()/took.Seconds() + 1
		if grow > 10 {
			grow = 10
		}
		*rounds = int(float64(*rounds)*grow) + 1
	}
}

func runAll(rows []row) {
	list := flag.Bool("list", false, "print the rows' names")
	repetitions := flag.Int("repetitions", 5, "of each row")
	minTime := flag.Duration("min-time", 300*time.Millisecond, "of a repetition")
	limit := flag.Duration("limit", time.Minute, "of the whole: no further repetitions after it")
	flag.Parse()
	if *list {
		for _, r := range rows {
			fmt.Println(r.name)
		}
		return
	}
	wanted := map[string]bool{}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		wanted[in.Text()] = true
	}
	chosen := []row{}
	for _, r := range rows {
		if wanted[r.name] {
			chosen = append(chosen, r)
		}
	}
	out := json.NewEncoder(os.Stdout)
	out.Encode(map[string]any{"context": map[string]string{"go": runtime.Version()[2:]}})
	rounds := map[string]*int{}
	for _, r := range chosen {
		rounds[r.name] = new(int)
		*rounds[r.name] = 1
	}
	begin := time.Now()
	for i := 0; i < *repetitions; i++ {
		rand.Shuffle(len(chosen), func(a, b int) { chosen[a], chosen[b] = chosen[b], chosen[a] })
		for _, r := range chosen {
			if i > 0 && time.Since(begin) > *limit {
				return
			}
			f, right := r.measure(rounds[r.name], *minTime)
			line := map[string]any{"run_name": r.name, "run_type": "iteration"}
			if right {
				for name, value := range f {
					line[name] = value
				}
			} else {
				line["error_occurred"], line["error_message"] = true, "wrong result"
			}
			out.Encode(line)
		}
	}
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
