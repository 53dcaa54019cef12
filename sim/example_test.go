package sim_test

import (
	"context"
	"fmt"
	"os"

	"murmuration/sim"
	"murmuration/sim/result"
	"murmuration/sim/scenario"
)

// A scenario from a string, its results in a folder, and its metrics from there.
func Example() {
	f, err := scenario.Parse("example.toml", []byte(`
level = "theory"
[theory]
formula = "poisson_mix"
[[sweep]]
"theory.args.lambda" = [3, 30]
`), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	folder, err := os.MkdirTemp("", "sim")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	if err := sim.Run(context.Background(), f, sim.Options{Folder: folder}); err != nil {
		fmt.Println(err)
		return
	}
	results, err := result.Read(folder)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range result.Rows(results) {
		fmt.Printf("%s: %s is %.3f %s\n", r.Cell, r.Metric, r.Value, r.Unit)
	}
	// Output:
	// theory.args.lambda=3: shannon_bits_mean is 3.000 bits
	// theory.args.lambda=30: shannon_bits_mean is 6.349 bits
}
