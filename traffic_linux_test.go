package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"murmuration/client/api"
	"murmuration/internal/counted"
	"murmuration/internal/long"
	"murmuration/sim/attack"
	"murmuration/sim/stat"
	"murmuration/sim/trace"
)

// What is watched. In each phase half of the people, drawn anew, are active. At the beginning of a
// phase what was said before is still on its way, so that nobody knows who is active yet.
const (
	watchedPeople  = 40
	phase          = time.Minute
	settling       = 16 * time.Second // of each phase, judged by nobody
	window         = 4 * time.Second
	settlingBare   = 28 * time.Second // what waits for its answer is asked for again
	windowBare     = 8 * time.Second
	activeSay      = 3 * time.Second // mean between two posts of who is active
	leastWindows   = 4000            // of each class, that nothing was learnt from
	leastControl   = 500
	mostTold       = 0.53 // upper bound of the AUC
	leastToldBare  = 0.9  // lower bound without cover
	watchedFollows = 3
)

// TestTraffic watches the links of real daemons, of whom some write and read and others do nothing,
// for as long as MURMUR_TRAFFIC says. A classifier that learnt from the first quarter shall not
// tell in the rest who is active. Control: of daemons without cover, which are built for this, it
// tells.
func TestTraffic(t *testing.T) {
	span := long.Time(t, "MURMUR_TRAFFIC")
	if span == 0 {
		t.Skip("takes half an hour: just traffic (MURMUR_TRAFFIC=28m)")
	}
	control := long.Time(t, "MURMUR_TRAFFIC_CONTROL")
	if control == 0 {
		t.Fatal("MURMUR_TRAFFIC_CONTROL says for how long the control is watched, such as 10m")
	}
	t.Run("control", func(t *testing.T) {
		if m := watchTraffic(t, true, control, leastControl); m.Lo < leastToldBare {
			t.Errorf("without cover the classifier reaches only %.3f, lower bound %.3f", m.Value,
				m.Lo)
		}
	})
	t.Run("daemons", func(t *testing.T) {
		if m := watchTraffic(t, false, span, leastWindows); m.Hi > mostTold {
			t.Errorf("who is active is told: AUC %.3f, upper bound %.3f", m.Value, m.Hi)
		}
	})
}

// traffic is a network whose links are watched, and its people.
type traffic struct {
	*forty
	watcher
	bare bool

	settling, window time.Duration
	active           [][]bool // by phase and person
	said             atomic.Int64
	failed           atomic.Int64
}

// watchTraffic is how well who is active is told, of so many windows of each class at least.
func watchTraffic(t *testing.T, bare bool, long time.Duration, least int) stat.Metric {
	t.Helper()
	w := &traffic{forty: newForty(t), bare: bare, settling: settling, window: window}
	if bare {
		w.settling, w.window = settlingBare, windowBare
	}
	w.began, w.clients = time.Now(), map[int]int32{}
	w.draw(int(long / phase))
	if bare {
		w.strip(t)
	}
	w.found(t)
	w.gather(t)
	from := w.live(t)
	m := w.judge(t, from, least)
	counted.Say(t, "traffic", "cover %v, %d people for %d minutes, who posted %d times: "+
		"AUC %.3f (%.3f to %.3f) over %d windows", !bare, watchedPeople, len(w.active),
		w.said.Load()-w.failed.Load(), m.Value, m.Lo, m.Hi, m.N)
	return m
}

// draw says who is active when: half of the people in each phase.
func (w *traffic) draw(phases int) {
	rng := rand.New(rand.NewPCG(17, 4))
	for range phases {
		active := make([]bool, watchedPeople)
		for _, i := range rng.Perm(watchedPeople)[:watchedPeople/2] {
			active[i] = true
		}
		w.active = append(w.active, active)
	}
}

// strip builds a tool whose clients send nothing unless there is something to say.
func (w *traffic) strip(t *testing.T) {
	t.Helper()
	const file, covered = "client/sender/sender.go", "return s, s.SetDocument(cfg.Document)"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Count(text, []byte(covered)) != 1 {
		t.Fatalf("%s has not one line %q", file, covered)
	}
	text = bytes.Replace(text, []byte(covered), []byte("s.bare = true; "+covered), 1)
	original, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	changed := filepath.Join(w.dir, "bare.go")
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{original: changed}})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{changed: text,
		filepath.Join(w.dir, "overlay"): overlay} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.Command("go", "build", "-overlay", filepath.Join(w.dir, "overlay"), "-o",
		w.murmur, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// found makes the network with a watcher before each provider. Clients without cover ask for no
// tokens, so that they need none.
func (w *traffic) found(t *testing.T) {
	t.Helper()
	preset, err := os.ReadFile(filepath.Join("testdata", "traffic.toml"))
	if err != nil {
		t.Fatal(err)
	}
	if w.bare {
		preset = bytes.Replace(preset, []byte("write_tokens = 3000"), []byte("write_tokens = 0"), 1)
	}
	name := filepath.Join(w.dir, "traffic.toml")
	if err := os.WriteFile(name, preset, 0o600); err != nil {
		t.Fatal(err)
	}
	lines := w.run(t, "network", "new", "net", "--preset", name)
	for line := range strings.Lines(lines) {
		words := strings.Fields(line)
		home := words[len(words)-1]
		if words[1] == "provider" {
			w.hide(t, filepath.Join(w.dir, home, "provider.toml"))
		}
		w.start(t, filepath.Base(home), words[1:]...)
	}
}

// hide moves a provider to another port, and puts the watcher in its place.
func (w *traffic) hide(t *testing.T, config string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	behind := l.Addr().String()
	l.Close()
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	listen := regexp.MustCompile(`(?m)^listen = "(.*)"$`)
	at := listen.FindSubmatch(text)
	if at == nil {
		t.Fatalf("%s says not where to listen", config)
	}
	text = listen.ReplaceAll(text, fmt.Appendf(nil, "listen = %q\naddress = \"$1\"", behind))
	if err := os.WriteFile(config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	w.stand(t, string(at[1]), behind)
}

// gather has people join and follow each other.
func (w *traffic) gather(t *testing.T) {
	t.Helper()
	links := make([]string, watchedPeople)
	for i := range watchedPeople {
		name := fmt.Sprint("person", i)
		w.forty.run(t, "init", "--home", name, "--network", "net/genesis", "--name", name,
			"--no-passphrase")
		p := w.start(t, name+"-daemon", "daemon", "run", "--home", name)
		w.mu.Lock()
		w.clients[p.Pid] = int32(i)
		w.mu.Unlock()
		w.daemons = append(w.daemons, api.Dial(filepath.Join(w.dir, name, "api.sock")))
		w.await(t, func() (err error) {
			links[i], err = w.daemons[i].Publish(t.Context())
			return err
		})
	}
	for i, d := range w.daemons {
		for j := range watchedFollows {
			other := (i + j + 1) % watchedPeople
			if err := d.Follow(t.Context(), links[other], fmt.Sprint("person", other)); err != nil {
				t.Fatal(err)
			}
		}
		w.await(t, func() error {
			s, err := d.Status(t.Context())
			if err == nil && !s.Connected {
				err = fmt.Errorf("%d is not connected: %v", i, s.Trouble)
			}
			return err
		})
	}
}

// live has people be active and idle, and says when the first phase began.
func (w *traffic) live(t *testing.T) (from time.Time) {
	t.Helper()
	from = time.Now().Add(phase) // until then everybody arrives
	photo := picture(t)
	var all sync.WaitGroup
	for i := range watchedPeople {
		rng := rand.New(rand.NewPCG(40, uint64(i)))
		all.Go(func() {
			for p, active := range w.active {
				begin := from.Add(time.Duration(p) * phase)
				if sleepTo(t.Context(), begin); active[i] {
					w.act(t.Context(), w.daemons[i], rng, photo, begin.Add(phase))
				}
			}
		})
	}
	all.Wait()
	sleepTo(t.Context(), from.Add(time.Duration(len(w.active))*phase))
	return from
}

// act posts a photo, and then writes and reads until a time.
func (w *traffic) act(ctx context.Context, d *api.Client, rng *rand.Rand, photo []byte,
	until time.Time) {
	draft := api.Draft{Text: "look", Photos: []api.Attached{{File: photo}}}
	for time.Now().Before(until) && ctx.Err() == nil {
		_, err := d.Post(ctx, draft)
		if err == nil {
			_, err = d.Timeline(ctx, 20)
		}
		if w.said.Add(1); err != nil {
			w.failed.Add(1)
		}
		draft = api.Draft{Text: fmt.Sprint("words ", w.said.Load()), Quick: rng.IntN(2) == 0}
		next := time.Now().Add(time.Duration(rng.ExpFloat64() * float64(activeSay)))
		sleepTo(ctx, next)
	}
}

func sleepTo(ctx context.Context, at time.Time) {
	select {
	case <-ctx.Done():
	case <-time.After(time.Until(at)):
	}
}

// picture is a small one of noise.
func picture(t *testing.T) []byte {
	t.Helper()
	p, rng := image.NewGray(image.Rect(0, 0, 160, 120)), rand.New(rand.NewPCG(1, 2))
	for i := range p.Pix {
		p.Pix[i] = uint8(rng.Uint32())
	}
	var file bytes.Buffer
	if err := png.Encode(&file, p); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// judge has the classifier learn from the first quarter, and tell in the rest.
func (w *traffic) judge(t *testing.T, from time.Time, least int) stat.Metric {
	t.Helper()
	if 2*w.failed.Load() > w.said.Load() || w.said.Load() == 0 {
		t.Fatalf("%d of %d sayings failed", w.failed.Load(), w.said.Load())
	}
	events, long := w.frames(from), int64(len(w.active))*int64(phase)
	windows, err := trace.Windows(trace.Parties{Nodes: 1, Clients: watchedPeople}, events, 0, long,
		int64(w.window))
	if err != nil {
		t.Fatal(err)
	}
	windows = slices.DeleteFunc(windows,
		func(one trace.Window) bool { return one.From%int64(phase) < int64(w.settling) })
	labels, tell := w.labels(), map[bool]int{}
	for _, one := range windows {
		if one.From >= long/4 {
			tell[labels.BusyIn(one.Client, one.From, one.To)]++
		}
	}
	t.Logf("%d frames, %d windows of active people and %d of idle ones to tell", len(events),
		tell[true], tell[false])
	if min(tell[true], tell[false]) < least {
		t.Errorf("want %d windows of each", least)
	}
	m, err := attack.ActiveOrIdle(windows, labels, long/4)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// labels say who was active when.
func (w *traffic) labels() *trace.Labels {
	var l trace.Labels
	for i := range int32(watchedPeople) {
		for p, active := range w.active {
			if active[i] {
				l.Busy = append(l.Busy, trace.Span{Client: i,
					From: int64(p) * int64(phase), To: int64(p+1) * int64(phase)})
			}
		}
	}
	return &l
}
