package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"murmuration/client/api"
	"murmuration/internal/long"
	"murmuration/sim/level"
	"murmuration/sim/scenario"
	"murmuration/sim/stat"
)

// What the forty do.
const (
	people  = 40
	follows = 19
	// posts of one person lie this far apart on average
	postsApart = 10 * time.Minute
	// patience is how long the last posts have to arrive.
	patience = 5 * time.Minute
)

// TestForty founds a private network of real processes, the default one ten times as fast, with
// forty people who follow nineteen others each, for as long as MURMUR_FORTY says. Every post must
// be read by everybody who follows its author, as soon as the event engine says.
func TestForty(t *testing.T) {
	span := long.Time(t, "MURMUR_FORTY")
	if span == 0 {
		t.Skip("takes an hour: just forty (MURMUR_FORTY=60m)")
	}
	f := newForty(t)
	f.found(t)
	f.meet(t)
	f.live(t, span)
	f.judge(t)
}

// fortyEvents is the scenario of the event engine that the forty are compared with.
func fortyEvents(t *testing.T) *scenario.File {
	t.Helper()
	f, err := scenario.Load("configs/sim/forty.toml")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestFortyIsWhatEventsSimulate: the scenario says what the network's preset says, and as many
// people and posts.
func TestFortyIsWhatEventsSimulate(t *testing.T) {
	own := fortyEvents(t)
	text, _, ok := strings.Cut(string(own.Text), "# testdata/forty.toml")
	text = strings.Replace(text, `level = "des"`, `level = "des"`+"\n"+
		`network = "../../testdata/forty.toml"`+"\nclients.count = 40", 1)
	preset := func(string) ([]byte, error) { return os.ReadFile("testdata/forty.toml") }
	of, err := scenario.Parse("configs/sim/forty.toml", []byte(text), preset)
	if err != nil || !ok {
		t.Fatal(err, ok)
	}
	a, b := own.Cells[0].Scenario, of.Cells[0].Scenario
	a.Network, a.Check, b.Check = b.Network, nil, nil
	if fmt.Sprint(a) != fmt.Sprint(b) {
		t.Errorf("the scenario and the preset differ:\n%+v\n%+v", a, b)
	}
	w := a.Workload
	every := w.Every.Duration * time.Duration(w.GroupSize)
	if a.Clients.Count != people || w.GroupSize != follows+1 || every != postsApart {
		t.Errorf("%d people follow %d others and post every %s", a.Clients.Count, w.GroupSize-1,
			every)
	}
}

// expected is how long the event engine says that it takes from a post to its reading.
func expected(t *testing.T) stat.Metric {
	t.Helper()
	f := fortyEvents(t)
	var means []stat.Metric
	for i := range f.Cells[0].Scenario.Replicate.Min {
		r, err := level.Run(t.Context(), f.Cells[0], i)
		if err != nil {
			t.Fatal(err)
		}
		m, _ := r.Metric("latency_s_mean")
		means = append(means, m)
	}
	m, err := stat.Replicated(means)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// forty is the network, its people, and what they posted.
type forty struct {
	dir, murmur string
	daemons     []*api.Client
	posted      map[string]time.Time // by text
	author      map[string]int
	rng         *rand.Rand
}

func newForty(t *testing.T) *forty {
	f := &forty{dir: t.TempDir(), posted: map[string]time.Time{}, author: map[string]int{},
		rng: rand.New(rand.NewPCG(40, 19))}
	f.murmur = filepath.Join(f.dir, "murmur")
	build := exec.Command("go", "build", "-o", f.murmur, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return f
}

// found makes the network and starts every node by the line that was printed for it.
func (f *forty) found(t *testing.T) {
	t.Helper()
	preset, err := filepath.Abs("testdata/forty.toml")
	if err != nil {
		t.Fatal(err)
	}
	lines := f.run(t, "network", "new", "net", "--preset", preset)
	for line := range strings.Lines(lines) {
		words := strings.Fields(line)
		f.start(t, filepath.Base(words[len(words)-1]), words[1:]...)
	}
}

func (f *forty) run(t *testing.T, args ...string) string {
	t.Helper()
	c := exec.Command(f.murmur, args...)
	c.Dir = f.dir
	var complaints bytes.Buffer
	c.Stderr = &complaints
	out, err := c.Output()
	if err != nil {
		t.Fatalf("murmur %v: %v\n%s", args, err, complaints.String())
	}
	return string(out)
}

// start runs a process until the test ends; what it says goes to a file.
func (f *forty) start(t *testing.T, name string, args ...string) *os.Process {
	t.Helper()
	log, err := os.Create(filepath.Join(f.dir, name+".log"))
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(f.murmur, args...)
	c.Dir, c.Stdout, c.Stderr = f.dir, log, log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Process.Kill()
		c.Wait()
		log.Close()
		if t.Failed() {
			t.Logf("%s:\n%s", name, f.tail(name))
		}
	})
	return c.Process
}

func (f *forty) tail(name string) string {
	raw, err := os.ReadFile(filepath.Join(f.dir, name+".log"))
	if err != nil {
		return err.Error()
	}
	var lines []string
	for s := bufio.NewScanner(bytes.NewReader(raw)); s.Scan(); {
		lines = append(lines, s.Text())
	}
	return strings.Join(lines[max(0, len(lines)-5):], "\n")
}

// meet has everybody join, publish, and follow those who come after them in a circle.
func (f *forty) meet(t *testing.T) {
	t.Helper()
	links := make([]string, people)
	for i := range people {
		name := fmt.Sprint("person", i)
		f.run(t, "init", "--home", name, "--network", "net/genesis", "--name", name,
			"--no-passphrase")
		socket := filepath.Join(f.dir, name, "api.sock")
		f.start(t, name+"-daemon", "daemon", "run", "--home", name)
		f.daemons = append(f.daemons, api.Dial(socket))
		f.await(t, func() (err error) {
			links[i], err = f.daemons[i].Publish(t.Context())
			return err
		})
	}
	for i, d := range f.daemons {
		for j := range follows {
			other := (i + j + 1) % people
			if err := d.Follow(t.Context(), links[other], fmt.Sprint("person", other)); err != nil {
				t.Fatal(err)
			}
		}
		f.await(t, func() error {
			s, err := d.Status(t.Context())
			if err == nil && !s.Connected {
				err = fmt.Errorf("%d is not connected: %v", i, s.Trouble)
			}
			return err
		})
	}
}

// await tries until it works, for two minutes.
func (f *forty) await(t *testing.T, try func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); {
		if err = try(); err == nil {
			return
		}
		<-time.After(200 * time.Millisecond)
	}
	t.Fatal(err)
}

// live has people post at random, and then waits for the last posts.
func (f *forty) live(t *testing.T, long time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	for n := 0; ; n++ {
		wait := time.Duration(f.rng.ExpFloat64() * float64(postsApart) / people)
		select {
		case <-ctx.Done():
			t.Logf("%d posts in %v; waiting for the last", len(f.posted), long)
			f.drain(t)
			return
		case <-time.After(wait):
		}
		who, text := f.rng.IntN(people), fmt.Sprint("post ", n)
		f.posted[text], f.author[text] = time.Now(), who
		if _, err := f.daemons[who].Post(t.Context(), api.Draft{Text: text}); err != nil {
			t.Fatal(err)
		}
	}
}

// drain waits until everything is read, or patience is over.
func (f *forty) drain(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if waits, missing := f.waits(t); missing == 0 && len(waits) > 0 {
			return
		}
		<-time.After(5 * time.Second)
	}
}

// waits are the seconds from each post to each reading, and how many readings are missing.
func (f *forty) waits(t *testing.T) (waits []float64, missing int) {
	t.Helper()
	for _, d := range f.daemons {
		posts, err := d.Timeline(t.Context(), 4*len(f.posted)+1)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range posts {
			if at, ok := f.posted[p.Text]; ok && !p.Own {
				waits = append(waits, p.Received.Sub(at).Seconds())
			}
		}
	}
	return waits, follows*len(f.posted) - len(waits)
}

func (f *forty) judge(t *testing.T) {
	t.Helper()
	waits, missing := f.waits(t)
	slices.Sort(waits)
	if missing != 0 || len(waits) == 0 {
		t.Errorf("%d of %d readings are missing", missing, follows*len(f.posted))
	}
	if len(waits) < 2 {
		return
	}
	mean, square := 0.0, 0.0
	for _, w := range waits {
		mean += w / float64(len(waits))
	}
	for _, w := range waits {
		square += (w - mean) * (w - mean)
	}
	// readings of one post are not independent: the interval counts posts
	half := 1.96 * math.Sqrt(square/float64(len(waits)-1)/float64(len(f.posted)))
	t.Logf("%d people, %d posts, %d readings: post to read %.2f s ± %.2f in the mean, "+
		"half in %.2f s, nine of ten in %.2f s, the last in %.2f s", people, len(f.posted),
		len(waits), mean, half, waits[len(waits)/2], waits[len(waits)*9/10], waits[len(waits)-1])
	e := expected(t)
	t.Logf("the event engine says %.2f s (%.2f to %.2f)", e.Value, e.Lo, e.Hi)
	// real processes need a little time for everything that costs none there
	slack := half + 0.1*e.Value
	if mean < e.Lo-slack || mean > e.Hi+slack {
		t.Errorf("%.2f s are outside of that by more than %.2f s", mean, slack)
	}
}
