// The benchmarks' problems in Go, each row under the name that weft's has. bench/peers/README.md says how it is called.
package main

import "os"

func main() {
	if len(os.Args) == 3 && os.Args[1] == "--serve" {
		serve(os.Args[2])
		return
	}
	runAll(append(tasks(), waiting()...))
}
