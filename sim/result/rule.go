package result

import (
	"murmuration/sim/level"
	"murmuration/sim/scenario"
	"murmuration/sim/stat"
)

// Wanted is how many replications a cell shall have, given those that it has: as many as there are
// when its intervals are narrow enough for the scenario's rule and for these checks. It depends on
// the replications in order and on nothing else. It grows by half when intervals are too wide, so
// that few decisions are made on the same data.
func Wanted(c scenario.Cell, checks []scenario.Check, done []level.Replication) int {
	rule := c.Scenario.Replicate
	stages := []int{rule.Min}
	if c.Scenario.Level == "theory" {
		stages[0], rule.Max = 1, 1
	}
	for stages[len(stages)-1] < rule.Max {
		last := stages[len(stages)-1]
		stages = append(stages, min(rule.Max, last+max(1, last/2)))
	}
	for _, n := range stages {
		if len(done) < n || narrow(c, checks, done[:n]) {
			return n
		}
	}
	return rule.Max
}

// narrow reports whether the rule of the scenario and each check of the cell are content with these
// replications.
func narrow(c scenario.Cell, checks []scenario.Check, reps []level.Replication) bool {
	if rule := c.Scenario.Replicate; rule.Metric != "" {
		m, err := joined(reps, rule.Metric)
		if err != nil || (m.Hi-m.Lo)/2 > rule.HalfWidth {
			return false
		}
	}
	for _, check := range checks {
		if !c.Concerns(check) {
			continue
		}
		m, err := joined(reps, check.Metric)
		if v := verdict(c, check, m, nil); err == nil && v.StdErr > v.Tolerance/3 {
			return false
		}
	}
	return true
}

// joined is a metric over replications. One replication of a closed form is exact.
func joined(reps []level.Replication, name string) (stat.Metric, error) {
	var each []stat.Metric
	for _, r := range reps {
		if m, ok := r.Metric(name); ok {
			each = append(each, m)
		}
	}
	if len(each) == 1 && each[0].StdErr == 0 {
		return each[0], nil
	}
	return stat.Replicated(each)
}
