// The benchmarks' problems in Go, each row under the name that weft's has. bench/peers/README.md says how it is called.
package main

func main() {
	runAll(append(tasks(), waiting()...))
}
