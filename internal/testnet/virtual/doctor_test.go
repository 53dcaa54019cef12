package virtual

import (
	"cmp"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"murmuration/internal/checkup"
	"murmuration/internal/config"
	"murmuration/internal/directory"
	"murmuration/internal/founding"
	"murmuration/internal/link"
	"murmuration/internal/node"
	"murmuration/internal/testnet"
	mixnode "murmuration/mix/node"
	providernode "murmuration/provider/node"
)

// ward is a network with nodes that a doctor looks at.
type ward struct {
	*Net
	copies int
}

// copy is another home of a node, which nobody runs.
func (w *ward) copy(name string) string {
	w.t.Helper()
	w.copies++
	home := filepath.Join(w.Plan.Dir, name+"-"+string(rune('a'+w.copies)))
	if err := os.CopyFS(home, os.DirFS(w.home(name))); err != nil {
		w.t.Fatal(err)
	}
	secrets, _ := filepath.Glob(filepath.Join(home, "keys", "*.key"))
	for _, secret := range append(secrets, filepath.Join(home, "identity.key")) {
		if err := os.Chmod(secret, 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	return home
}

// configure changes a line of a home's configuration, or adds one.
func (w *ward) configure(home, key, value string) {
	w.t.Helper()
	path := filepath.Join(home, testnet.ConfigFile(roleOf(home)))
	text, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^(# )?` + key + ` = .*$`)
	if line.Match(text) {
		text = line.ReplaceAllLiteral(text, []byte(key+" = "+value))
	} else {
		text = append(text, []byte("\n"+key+" = "+value+"\n")...)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func roleOf(home string) directory.Role {
	if strings.HasPrefix(filepath.Base(home), "provider") {
		return directory.RoleProvider
	}
	return directory.RoleMix
}

// faults are what a doctor finds in a home, but for what nobody planted: that a copy does not run.
func (w *ward) faults(home string, transport func(link.Config) (link.Transport, error)) []string {
	w.t.Helper()
	s := checkup.Subject{Home: home, Role: roleOf(home), Transport: transport}
	path := filepath.Join(home, testnet.ConfigFile(s.Role))
	if s.Role == directory.RoleMix {
		s.Broken = config.Load(path, &s.Config)
	} else {
		cfg := providernode.Config{}
		s.Broken = config.Load(path, &cfg)
		s.Config, s.Boxes = cfg.Config, filepath.Join(home, "boxes")
		s.Reserve = uint64(cmp.Or(cfg.KeepFreeMiB, 64)) << 20
	}
	names := []string{}
	for _, f := range checkup.Faults(checkup.Examine(context.Background(), s)) {
		if f.Do == "" || f.Says == "" {
			w.t.Errorf("%s: %s is said, and to do is %q", home, f.Says, f.Do)
		}
		if _, running, _ := node.Running(home); f.Name != "running" || running {
			names = append(names, f.Name)
		}
	}
	return names
}

// volunteer makes a mix and has it run; transport, if there is one, is what it links with.
func (w *ward) volunteer(name, address string, admit bool,
	transport func(link.Transport) link.Transport) (home string) {
	w.t.Helper()
	home = filepath.Join(w.Plan.Dir, "mix-"+name)
	port := filepath.Base(home)
	file, err := testnet.Apply(testnet.Volunteer{Role: directory.RoleMix,
		Home: home, Genesis: w.Genesis, Name: name,
		Listen: port + ":1", Address: address})
	if err == nil && admit {
		_, err = founding.Admit(w.home("provider-1"), file, 0,
			founding.Terms{Anyway: true})
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.run(home, port+":1", cmp.Or(address, port+":1"), name, transport)
	return home
}

// run has the mix of a home run until the story is over.
func (w *ward) run(home, listen, address, name string,
	transport func(link.Transport) link.Transport) {
	w.t.Helper()
	m, err := mixnode.New(mixnode.Config{Home: home, Listen: listen, Address: address, Name: name,
		Transport: func(cfg link.Config) (link.Transport, error) {
			t, err := w.Fabric.Transport(cfg)
			if err == nil && transport != nil {
				t = transport(t)
			}
			return t, err
		}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.Go(func(ctx context.Context) error { return errors.Join(m.Run(ctx), m.Close()) })
}

// noPackets dials no links for packets: a firewall that lets some things out.
type noPackets struct{ link.Transport }

func (m noPackets) Dial(ctx context.Context, to link.Peer, k link.Kind) (link.Conn, error) {
	if k == link.Packets {
		return nil, link.ErrUnreachable
	}
	return m.Transport.Dial(ctx, to, k)
}

// silent reaches nobody.
type silent struct{ link.Transport }

func (silent) Dial(context.Context, link.Peer, link.Kind) (link.Conn, error) {
	return nil, link.ErrUnreachable
}

// TestDoctorNamesTheFault: each mistake is made on a real node's home, or with a real node that
// runs, and the doctor names it, and it alone.
func TestDoctorNamesTheFault(t *testing.T) {
	plan := Plan(t)
	Run(t, plan, testnet.Options{}, func(n *Net) {
		w := &ward{Net: n}
		fabric := func(cfg link.Config) (link.Transport, error) { return n.Fabric.Transport(cfg) }
		n.epoch(1, 0.5)
		for _, home := range []string{w.home("mix-1"), w.copy("mix-1"), w.home("provider-2")} {
			if got := w.faults(home, fabric); len(got) != 0 {
				t.Errorf("control: in %s the doctor finds %v", home, got)
			}
		}
		stranger := w.volunteer("stranger", "", false, nil)
		_ = w.volunteer("lost", "nowhere:1", true, nil)
		_ = w.volunteer("confused", n.address("mix-2"), true, nil)
		_ = w.volunteer("walled", "", true,
			func(t link.Transport) link.Transport { return noPackets{t} })
		_ = w.volunteer("leaver", "", true, nil)
		well := w.volunteer("well", "", true, nil)
		n.epoch(3, 0.5)
		namesake := filepath.Join(plan.Dir, "mix-namesake")
		w.volunteerNamed(namesake, "mix-3")
		twin := w.copy("mix-well")
		w.run(twin, "twin:1", "twin:1", "well", nil)
		n.epoch(5, 0.6)
		if err := node.Leave(w.home("mix-leaver")); err != nil {
			t.Fatal(err)
		}
		n.epoch(6, 0.9)
		for _, name := range []string{"mix-lost", "mix-confused"} {
			if s := w.state(w.home(name)); s.Reach == "" || strings.Contains(s.Reach, "found it") {
				t.Errorf("%s says of itself: %q", name, s.Reach)
			}
		}
		planted := w.offline()
		for name, home := range map[string]string{
			"admitted": stranger, "name": namesake, "links": w.home("mix-walled"),
			"reach: nobody": w.home("mix-lost"), "reach: another": w.home("mix-confused"),
			"leaving": w.home("mix-leaver"), "twice": twice(w, well, twin),
		} {
			planted = append(planted, mistake{name, home, nil})
		}
		found := 0
		for _, m := range planted {
			want, _, _ := strings.Cut(m.name, ":")
			use := fabric
			if m.transport != nil {
				use = m.transport
			}
			got := w.faults(m.home, use)
			got = slices.DeleteFunc(got, func(name string) bool {
				return name == "loops" // others of these mistakes lose those of their neighbours
			})
			if !slices.Equal(got, []string{want}) {
				t.Errorf("%s: the doctor finds %v", m.name, got)
				continue
			}
			found++
		}
		t.Logf("%d of %d planted mistakes are named, each alone", found, len(planted))
	})
}

// twice is that of two homes whose node noticed.
func twice(w *ward, one, other string) string {
	if w.state(one).Twice {
		return one
	}
	return other
}

// address is where a node listens.
func (n *Net) address(name string) string {
	for _, one := range n.Nodes {
		if one.Name == name {
			return one.Addr
		}
	}
	n.t.Fatalf("there is no %s", name)
	return ""
}

// volunteerNamed runs a mix that is admitted, and takes the name of another.
func (w *ward) volunteerNamed(home, name string) {
	w.t.Helper()
	file, err := testnet.Apply(testnet.Volunteer{Role: directory.RoleMix,
		Home: home, Genesis: w.Genesis, Name: "namesake",
		Listen: "namesake:1"})
	if err == nil {
		_, err = founding.Admit(w.home("provider-1"), file, 0, founding.Terms{})
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.run(home, "namesake:1", "namesake:1", name, nil)
}

// mistake is one that was made in a home.
type mistake struct {
	name, home string
	transport  func(link.Config) (link.Transport, error) // nil: the network's
}

// offline plants what can be seen without the node, each in a home of its own.
func (w *ward) offline() []mistake {
	w.t.Helper()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { taken.Close() })
	other := *w.Genesis
	other.Label = "another"
	write := func(name string, raw []byte) func(string) error {
		return func(home string) error {
			return os.WriteFile(filepath.Join(home, name), raw, 0o600)
		}
	}
	remove := func(pattern string) func(string) error {
		return func(home string) error {
			paths, err := filepath.Glob(filepath.Join(home, pattern))
			if len(paths) == 0 {
				err = errors.Join(err, errors.New("nothing to remove"))
			}
			for _, path := range paths {
				err = errors.Join(err, os.RemoveAll(path))
			}
			return err
		}
	}
	set := func(key, value string) func(string) error {
		return func(home string) error { w.configure(home, key, value); return nil }
	}
	both := func(all ...func(string) error) func(string) error {
		return func(home string) (err error) {
			for _, f := range all {
				err = errors.Join(err, f(home))
			}
			return err
		}
	}
	var made []mistake
	for _, m := range []struct {
		name, of string
		plant    func(home string) error
	}{
		{"home", "mix-1", remove("*")},
		{"config: a typo", "mix-1", set("lisen", `"x:1"`)},
		{"config: no address", "mix-1", set("listen", `"everywhere"`)},
		{"config: gone", "mix-1", remove("mix.toml")},
		{"genesis: damaged", "mix-1", write("genesis", []byte("scribble"))},
		{"genesis: another, documents kept", "mix-1", write("genesis", other.Marshal())},
		{"genesis: another, no documents", "mix-1",
			both(remove("documents"), write("genesis", other.Marshal()))},
		{"identity: gone", "mix-1", remove("identity.key")},
		{"identity: damaged", "mix-1", write("identity.key", make([]byte, 40))},
		{"identity: open to others", "mix-1", func(home string) error {
			return os.Chmod(filepath.Join(home, "identity.key"), 0o644)
		}},
		{"documents", "mix-1", write("documents/9.document", []byte("scribble"))},
		{"keys", "mix-1", remove("keys/*.tags")},
		{"boxes", "provider-2", remove("boxes")},
		{"disk", "provider-2", set("keep_free_mib", "1_000_000_000")},
		{"port", "mix-1", set("listen", `"`+taken.Addr().String()+`"`)},
		{"address: not of this computer", "mix-1", set("listen", `"192.0.2.1:9"`)},
		{"address: nobody reaches it", "mix-1", set("address", `"mix.example.org:9101"`)},
		{"metrics: for everybody", "mix-1", set("metrics", `"203.0.113.5:9201"`)},
		{"metrics: in use", "mix-1", set("metrics", `"`+taken.Addr().String()+`"`)},
	} {
		home := w.copy(m.of)
		if err := m.plant(home); err != nil {
			w.t.Fatalf("%s: %v", m.name, err)
		}
		made = append(made, mistake{m.name, home, nil})
	}
	return append(made, mistake{"network: a firewall", w.copy("mix-1"),
		func(link.Config) (link.Transport, error) { return silent{}, nil }})
}
