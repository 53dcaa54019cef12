package result

import (
	"fmt"
	"strconv"
	"strings"
)

// Shard is one of Of parts of a sweep: it runs the cells whose index is Index modulo Of.
type Shard struct{ Index, Of int }

// Whole is the shard that holds every cell.
var Whole = Shard{0, 1}

// ParseShard reads "i/n", counted from zero.
func ParseShard(s string) (Shard, error) {
	i, n, _ := strings.Cut(s, "/")
	index, errIndex := strconv.Atoi(i)
	of, errOf := strconv.Atoi(n)
	if errIndex != nil || errOf != nil || index < 0 || index >= of {
		return Shard{}, fmt.Errorf("%q is not a shard: write i/n with i from 0 to n-1, like 0/4", s)
	}
	return Shard{index, of}, nil
}

// ShardFromEnvironment reads the part that an array job gives this process: a Kubernetes Indexed
// Job (JOB_COMPLETION_INDEX, with JOB_COMPLETIONS set by our template) or a Slurm array
// (SLURM_ARRAY_TASK_ID, _MIN, _COUNT). ok is false when neither is there.
func ShardFromEnvironment(getenv func(string) string) (s Shard, ok bool, err error) {
	index, of, first := getenv("JOB_COMPLETION_INDEX"), getenv("JOB_COMPLETIONS"), "0"
	if index == "" {
		index, of, first = getenv("SLURM_ARRAY_TASK_ID"), getenv("SLURM_ARRAY_TASK_COUNT"), getenv(
			"SLURM_ARRAY_TASK_MIN")
	}
	if index == "" {
		return Shard{}, false, nil
	}
	i, errIndex := strconv.Atoi(index)
	low, errFirst := strconv.Atoi(first)
	if errIndex != nil || errFirst != nil || of == "" {
		return Shard{}, true, fmt.Errorf(
			"this is part %q of an array job of %q parts from %q on, which is no shard: set "+
				"JOB_COMPLETIONS beside JOB_COMPLETION_INDEX, or give --shard", index, of, first)
	}
	s, err = ParseShard(fmt.Sprintf("%d/%s", i-low, of))
	return s, true, err
}

func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.Index, s.Of) }

// Holds reports whether a cell is of this shard.
func (s Shard) Holds(cell int) bool { return cell%s.Of == s.Index }
