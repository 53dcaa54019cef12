package scenarios

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The templates for array jobs name the environment that `murmur sim sweep` reads, and agree with
// themselves.
func TestTemplates(t *testing.T) {
	job, err := os.ReadFile("kubernetes-job.yaml")
	if err != nil {
		t.Fatal(err)
	}
	parts := regexp.MustCompile(`(?m)completions: (\d+)`).FindSubmatch(job)
	told := regexp.MustCompile(`name: JOB_COMPLETIONS\s+value: "(\d+)"`).FindSubmatch(job)
	if parts == nil || told == nil || string(parts[1]) != string(told[1]) {
		t.Errorf("completions are %q, murmur is told %q", parts, told)
	}
	slurm, err := os.ReadFile("slurm-array.sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(job), string(slurm)} {
		if !strings.Contains(text, "murmur sim sweep") ||
			!strings.Contains(text, "murmur sim merge") {
			t.Error("a template does not say how to sweep and merge")
		}
	}
}
