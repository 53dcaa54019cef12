//go:build !unix

package link

import "time"

// cpuTime is not known here; the benchmarks leave the number out.
func cpuTime() time.Duration { return 0 }
