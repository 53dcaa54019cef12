package mix

import (
	"math"
	"testing"
	"time"

	"murmuration/internal/directory"
)

// TestTags: what the default network's clients can send through one mix, and more of anything.
func TestTags(t *testing.T) {
	par := directory.Parameters{Clients: 1000, PayloadEvery: 10 * time.Second,
		LoopEvery: 40 * time.Second, DropEvery: 15 * time.Second, EpochLength: time.Hour,
		Grace: 5 * time.Minute}
	got, want := Tags(par), int(1.5*1000*4200*(2*0.1+0.025+1/15.))
	if got < want-1 || got > want+1 {
		t.Errorf("%d tags, want %d", got, want)
	}
	for name, change := range map[string]func(*directory.Parameters){
		"clients": func(p *directory.Parameters) { p.Clients++ },
		"rate":    func(p *directory.Parameters) { p.PayloadEvery /= 2 },
		"time":    func(p *directory.Parameters) { p.EpochLength *= 2 },
	} {
		more := par
		if change(&more); Tags(more) <= got {
			t.Errorf("more %s needs no more room", name)
		}
	}
	if par.Clients = 1e9; Tags(par) != math.MaxInt32 {
		t.Error("beyond counting is not as many as can be counted")
	}
}
