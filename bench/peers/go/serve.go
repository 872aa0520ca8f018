package main

import (
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// `--serve PROBLEM`: the server of a row of that benchmark of weft's. Tells its port as two bytes.
func serve(problem string) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	binary.Write(os.Stdout, binary.LittleEndian, uint16(listener.Addr().(*net.TCPAddr).Port))
	os.Stdout.Close()
	runtime.GOMAXPROCS(1)
	switch problem {
	case "echo":
		connections(listener, func(c net.Conn) {
			some := make([]byte, 1024)
			for {
				n, err := c.Read(some)
				if err != nil {
					return
				}
				if _, err := c.Write(some[:n]); err != nil {
					return
				}
			}
		})
	case "http":
		http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			io.WriteString(w, "Hello, world!")
		}))
	case "mixed":
		runtime.GOMAXPROCS(2)
		connections(listener, func(c net.Conn) {
			var request [64]byte
			for {
				if _, err := io.ReadFull(c, request[:]); err != nil {
					return
				}
				cost(request[0])
				if _, err := c.Write(request[:]); err != nil {
					return
				}
			}
		})
	}
}

func connections(listener net.Listener, each func(net.Conn)) {
	for {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			each(c)
		}()
	}
}

var one sync.Mutex

// As in bench/mixed: 1 takes 20 ms of CPU time, 2 blocks its thread for as long, 3 does so under a mutex.
func cost(kind byte) {
	const length = 20 * time.Millisecond
	switch kind {
	case 1:
		runtime.LockOSThread() // whose time it is
		defer runtime.UnlockOSThread()
		for end := threadTime() + length; threadTime() < end; {
		}
	case 2:
		syscall.Nanosleep(&syscall.Timespec{Nsec: int64(length)}, nil)
	case 3:
		one.Lock()
		defer one.Unlock()
		syscall.Nanosleep(&syscall.Timespec{Nsec: int64(length)}, nil)
	}
}

func threadTime() time.Duration {
	const threadCPUTime = 3
	var t syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, threadCPUTime, uintptr(unsafe.Pointer(&t)), 0)
	return time.Duration(t.Nano())
}
