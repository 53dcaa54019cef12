package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"murmuration/client/api"
	"murmuration/internal/counted"
	"murmuration/internal/long"
)

// What is measured, beside the people: the default network.
const (
	costProviders = 10
	costWidth     = 2 // mixes of a layer
	costFollows   = 3
	costSettle    = 2 * time.Minute // before the measuring begins
)

// TestCosts founds a private network of real processes with the default values, has
// MURMUR_COSTS_PEOPLE people in it, and prints what a node of each role and a person use, measured
// for as long as MURMUR_COSTS says.
func TestCosts(t *testing.T) {
	span := long.Time(t, "MURMUR_COSTS")
	if span == 0 {
		t.Skip("takes as long as it measures: just costs (MURMUR_COSTS=60m)")
	}
	count := long.Count(t, "MURMUR_COSTS_PEOPLE", 1, 10)
	c := &costs{forty: newForty(t), of: map[string][]*member{}}
	c.found(t)
	c.gather(t, count)
	c.wait(t, costSettle)
	before := c.look(t)
	c.wait(t, span)
	c.report(t, before, c.look(t), span)
}

// costs is the network and its members by role.
type costs struct {
	*forty
	of map[string][]*member
}

// member is a process and its home.
type member struct {
	pid  int
	home string
}

// found starts every node.
func (c *costs) found(t *testing.T) {
	t.Helper()
	lines := c.run(t, "network", "new", "net", "--preset", "default", "--providers",
		fmt.Sprint(costProviders), "--width", fmt.Sprint(costWidth))
	for line := range strings.Lines(lines) {
		words := strings.Fields(line)
		c.add(t, words[1], words[len(words)-1], words[1:]...)
	}
	if len(c.of["provider"]) != costProviders || len(c.of["mix"]) != 3*costWidth {
		t.Fatalf("%d providers and %d mixes run", len(c.of["provider"]), len(c.of["mix"]))
	}
}

func (c *costs) add(t *testing.T, role, home string, words ...string) {
	t.Helper()
	p := c.start(t, strings.ReplaceAll(home, "/", "-"), words...)
	c.of[role] = append(c.of[role], &member{p.Pid, filepath.Join(c.dir, home)})
}

// gather has people join, follow some others, and post.
func (c *costs) gather(t *testing.T, count int) {
	t.Helper()
	links := make([]string, count)
	for i := range count {
		home := fmt.Sprint("person", i)
		c.run(t, "init", "--home", home, "--network", "net/genesis", "--name", home,
			"--no-passphrase")
		c.add(t, "person", home, "daemon", "run", "--home", home)
		c.daemons = append(c.daemons, api.Dial(filepath.Join(c.dir, home, "api.sock")))
		c.await(t, func() (err error) {
			links[i], err = c.daemons[i].Publish(t.Context())
			return err
		})
	}
	for i, d := range c.daemons {
		for j := range min(costFollows, count-1) {
			other := (i + j + 1) % count
			if err := d.Follow(t.Context(), links[other], fmt.Sprint("person", other)); err != nil {
				t.Fatal(err)
			}
		}
		c.await(t, func() error {
			s, err := d.Status(t.Context())
			if err == nil && !s.Connected {
				err = fmt.Errorf("%d is not connected: %v", i, s.Trouble)
			}
			return err
		})
		if _, err := d.Post(t.Context(), api.Draft{Text: fmt.Sprint("from ", i)}); err != nil {
			t.Fatal(err)
		}
	}
}

func (c *costs) wait(t *testing.T, long time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	<-ctx.Done()
}

// usage is what a process has used since it began; memory and disk are what it has now.
type usage struct {
	sent, received float64 // bytes that went through system calls: TLS, and what files take
	cpu            float64 // seconds
	memory         float64 // bytes, the most that it had
	disk           float64 // bytes of its home
}

func (u *usage) add(o usage, by float64) {
	u.sent += o.sent * by
	u.received += o.received * by
	u.cpu += o.cpu * by
	u.memory += o.memory * by
	u.disk += o.disk * by
}

// look is the mean usage of each role.
func (c *costs) look(t *testing.T) map[string]usage {
	t.Helper()
	all := map[string]usage{}
	for role, members := range c.of {
		var mean usage
		for _, m := range members {
			mean.add(m.usage(t), 1/float64(len(members)))
		}
		all[role] = mean
	}
	return all
}

// usage reads what Linux counts of a process.
func (m *member) usage(t *testing.T) (u usage) {
	t.Helper()
	proc := func(name string) string {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", m.pid, name))
		if err != nil {
			t.Fatalf("%s: %v", m.home, err)
		}
		return string(text)
	}
	number := func(file, of string) float64 {
		found := regexp.MustCompile(`(?m)^` + of + `:\s*(\d+)`).FindStringSubmatch(proc(file))
		if found == nil {
			t.Fatalf("/proc/PID/%s has no %s", file, of)
		}
		n, err := strconv.ParseFloat(found[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	u.sent, u.received = number("io", "wchar"), number("io", "rchar")
	u.memory = number("status", "VmHWM") * 1024
	_, fields, _ := strings.Cut(proc("stat"), ") ")
	for _, ticks := range strings.Fields(fields)[11:13] { // utime and stime, in hundredths
		n, err := strconv.ParseFloat(ticks, 64)
		if err != nil {
			t.Fatal(err)
		}
		u.cpu += n / 100
	}
	u.disk = size(m.home)
	return u
}

// size is what a directory takes: a file may go while it is looked at.
func size(dir string) (bytes float64) {
	filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			bytes += occupied(info)
		}
		return nil
	})
	return bytes
}

// report prints a row for each role, and fails for a role that used nothing.
func (c *costs) report(t *testing.T, before, after map[string]usage, long time.Duration) {
	t.Helper()
	const mb, gb = 1e6, 1e9
	perDay := float64(24*time.Hour) / float64(long)
	for _, role := range []string{"provider", "mix", "person"} {
		a, u := after[role], after[role]
		u.add(before[role], -1)
		counted.Say(t, "costs", "%d people, %d of role %s: %.2f GB sent and %.2f received a day, "+
			"%.2f %% of a processor, %.0f MB of memory, %.1f MB of disk", len(c.of["person"]),
			len(c.of[role]), role, u.sent*perDay/gb, u.received*perDay/gb,
			100*u.cpu/long.Seconds(), a.memory/mb, a.disk/mb)
		if u.sent <= 0 || u.received <= 0 || u.cpu <= 0 || a.disk <= 0 {
			t.Errorf("control: a %s used nothing: %+v", role, u)
		}
	}
}

// occupied is what a file takes on the disk: a store's logs are files with holes.
func occupied(info fs.FileInfo) float64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return float64(s.Blocks) * 512
	}
	return float64(info.Size())
}
