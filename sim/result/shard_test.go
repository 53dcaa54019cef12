package result

import "testing"

func TestShards(t *testing.T) {
	for text, want := range map[string]Shard{"0/1": Whole, "3/4": {3, 4}} {
		if s, err := ParseShard(text); err != nil || s != want || s.String() != text {
			t.Errorf("%s is %v, %v", text, s, err)
		}
	}
	for _, text := range []string{"", "1", "4/4", "-1/4", "a/b", "1/0"} {
		if s, err := ParseShard(text); err == nil {
			t.Errorf("%q is %v", text, s)
		}
	}
	for _, c := range []struct {
		env  map[string]string
		want Shard
		ok   bool
	}{
		{nil, Shard{}, false},
		{map[string]string{"JOB_COMPLETION_INDEX": "2", "JOB_COMPLETIONS": "5"}, Shard{2, 5}, true},
		{map[string]string{
			"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_COUNT": "4",
		}, Shard{2, 4}, true},
	} {
		s, ok, err := ShardFromEnvironment(func(k string) string { return c.env[k] })
		if s != c.want || ok != c.ok || err != nil {
			t.Errorf("%v gives %v, %t, %v", c.env, s, ok, err)
		}
	}
	if _, _, err := ShardFromEnvironment(func(k string) string {
		return map[string]string{"JOB_COMPLETION_INDEX": "2"}[k]
	}); err == nil {
		t.Error("an index without a count was taken")
	}
}
