package world

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"murmuration/sim/trace"
)

// Script is a world that lines of text make and move; docs/world.md has the language. First come
// seed, packets, set, links and authorities, then the network, drawn as a line; all others after
// it.
type Script struct {
	cfg   Config
	world *World
	out   strings.Builder
	began time.Time
	shown map[string]bool
}

// NewScript begins with nothing.
func NewScript() *Script {
	s := &Script{shown: map[string]bool{"people": true}}
	s.cfg.Parameters = Quick()
	s.cfg.Told = s.told
	return s
}

// World is what the lines so far have made; nil before the network is drawn.
func (s *Script) World() *World { return s.world }

// verb is one kind of line. Its usage begins with the word by which it is found: the first of the
// line, or, if the first is the name of somebody (WHO), the second.
type verb struct {
	usage string
	early bool // before the network is drawn
	do    func(s *Script, words []string) error
}

// verbs by the word; those of names have a dot before it.
var verbs map[string]verb

// drafting, living, meeting and harming are verbs of a draft, of people, of what they do with each
// other, and of what breaks.
func drafting(usage string, do func(d *draft, words []string) error) verb {
	return verb{usage, true, func(s *Script, words []string) error {
		return do((*draft)(&s.cfg), words)
	}}
}

func living(usage string, do func(l lives, words []string) error) verb {
	return verb{usage, false, func(s *Script, words []string) error {
		return do(lives{named{s.world}}, words)
	}}
}

func meeting(usage string, do func(c company, words []string) error) verb {
	return verb{usage, false, func(s *Script, words []string) error {
		return do(company{named{s.world}}, words)
	}}
}

func harming(usage string, do func(h harms, words []string) error) verb {
	return verb{usage, false, func(s *Script, words []string) error {
		return do(harms{named{s.world}}, words)
	}}
}

func init() {
	verbs = map[string]verb{
		"seed":        drafting("seed NUMBER", (*draft).seed),
		"packets":     drafting("packets null|real", (*draft).packets),
		"set":         drafting("set PARAMETER VALUE ...", (*draft).set),
		"links":       drafting("links DURATION [people DURATION]", (*draft).links),
		"turns":       drafting("turns DURATION", (*draft).turns),
		"authorities": drafting("authorities NUMBER", (*draft).authorities),

		"run":   {"run DURATION", false, (*Script).run},
		"in":    {"in DURATION LINE", false, (*Script).later},
		"every": {"every DURATION NUMBER times LINE", false, (*Script).every},
		"watch": {"watch people|packets|drops|directory|bulletins ...", false, (*Script).watch},
		"show":  {"show drops|asked|time", false, (*Script).show},

		"lose": harming("lose SHARE% [of PERSON | between NODE NODE]", harms.lose),
		"part": harming("part NODE ...", harms.part),
		"heal": harming("heal", harms.heal),

		".joins":     living("PERSON joins PROVIDER", lives.joins),
		".posts":     living("PERSON posts TEXT", lives.posts),
		".follows":   living("PERSON follows PERSON", lives.follows),
		".invites":   meeting("PERSON invites PERSON", company.invites),
		".saves":     meeting("PERSON saves", company.saves),
		".restores":  meeting("PERSON restores PERSON", company.restores),
		".links":     meeting("PERSON links PERSON", company.links),
		".dismisses": meeting("PERSON dismisses CIRCLE PERSON", company.dismisses),
		".tells":     meeting("PERSON tells PERSON TEXT", company.tells),
		".gathers":   meeting("PERSON gathers CIRCLE PERSON ...", company.gathers),
		".shares":    meeting("PERSON shares CIRCLE TEXT", company.shares),
		".replies":   meeting("PERSON replies PERSON TEXT", company.replies),
		".reacts":    meeting("PERSON reacts PERSON EMOJI", company.reacts),
		".leaves":    living("PERSON leaves", lives.leaves),
		".shows":     living("PERSON shows BYTES TEXT", lives.shows),
		".fetches":   living("PERSON fetches PERSON", lives.fetches),
		".restarts":  living("PERSON restarts", lives.restarts),
		".returns":   living("PERSON returns", lives.returns),
		".crashes":   harming("NODE crashes [without its disk]", harms.crashes),
		".starts":    harming("NODE starts", harms.starts),
		".is":        harming("PROVIDER is full|roomy", harms.is),
		".answers":   harming("PROVIDER answers STATUS|honestly", harms.answers),
		".lists":     harming("PROVIDER lists nothing|honestly", harms.lists),
		".serves":    harming("PROVIDER serves nothing|honestly", harms.serves),
		".clock":     harming("NODE|PERSON clock +DURATION|-DURATION", harms.clock),
		".falls":     harming("PROVIDER falls silent", harms.falls),
	}
}

// do carries out one line, and returns what there is to see of it.
func (s *Script) Do(line string) (string, error) {
	s.out.Reset()
	err := s.do(line)
	if err == nil && s.world != nil {
		err = s.world.err
	}
	return s.out.String(), err
}

func (s *Script) do(line string) error {
	words := strings.Fields(line)
	if len(words) == 0 {
		return nil
	}
	v, ok := find(words)
	if !ok && strings.Contains(line, "->") { // people may post arrows
		return s.draw(line)
	}
	if err := s.timely(line); err != nil {
		return err
	}
	if err := v.do(s, words); err != nil {
		return fmt.Errorf("%q: %w", line, err)
	}
	return nil
}

// find is the verb of a line.
func find(words []string) (verb, bool) {
	v, ok := verbs[words[0]]
	if !ok && len(words) > 1 {
		v, ok = verbs["."+words[1]]
	}
	return v, ok
}

// timely is an error if there is no such line, or not now.
func (s *Script) timely(line string) error {
	v, ok := find(strings.Fields(line))
	switch {
	case !ok:
		return fmt.Errorf("%q is no line of a world; the verbs are %s", line,
			strings.Join(vocabulary(), ", "))
	case v.early && s.world != nil:
		return fmt.Errorf("%q comes too late: the network is drawn", line)
	case !v.early && s.world == nil:
		return fmt.Errorf("%q comes too early: draw a network first", line)
	}
	return nil
}

func vocabulary() (all []string) {
	for word := range verbs {
		all = append(all, strings.TrimPrefix(word, "."))
	}
	slices.Sort(all)
	return all
}

// usage is the error of a line with the right verb and wrong words.
func usage(word string) error { return fmt.Errorf("want %s", verbs[word].usage) }

func (s *Script) draw(line string) (err error) {
	if s.world != nil {
		return fmt.Errorf("%q: a network is drawn already", line)
	}
	if s.cfg.Network, err = ParseNetwork(line); err != nil {
		return err
	}
	s.cfg.Tap = (*tapped)(s)
	s.world, err = New(s.cfg)
	if err == nil {
		s.began = s.world.Now()
	}
	return err
}

// told writes what is worth telling, if it is of a kind that is watched.
func (s *Script) told(at time.Time, kind, text string) {
	if s.shown[kind] {
		s.say(at, "%s", text)
	}
}

func (s *Script) say(at time.Time, format string, args ...any) {
	fmt.Fprintf(&s.out, "%9.3fs %s\n", at.Sub(s.began).Seconds(), fmt.Sprintf(format, args...))
}

// tapped shows packets.
type tapped Script

// Add implements trace.Sink.
func (t *tapped) Add(e trace.Event) error {
	s := (*Script)(t)
	if s.world != nil && s.shown["packets"] {
		s.say(s.world.Now(), "%s > %s", s.world.party(e.From), s.world.party(e.To))
	}
	return nil
}

func (w *World) party(number int32) string {
	if int(number) < len(w.nodes) {
		return w.nodes[number].Name
	}
	return w.people[int(number)-len(w.nodes)].Name
}

func (s *Script) run(words []string) error {
	var d time.Duration
	if len(words) != 2 || read(&d, words[1]) != nil || d < 0 {
		return usage("run")
	}
	return s.world.Run(d)
}

func (s *Script) later(words []string) error {
	var d time.Duration
	if len(words) < 3 || read(&d, words[1]) != nil || d < 0 {
		return usage("in")
	}
	line := strings.Join(words[2:], " ")
	if err := s.timely(line); err != nil {
		return err
	}
	s.plan(d, line)
	return nil
}

// maxTimes is how often one line is planned at most.
const maxTimes = 100_000

// every plans a line many times; # in it is the number of the time.
func (s *Script) every(words []string) error {
	var d time.Duration
	if len(words) < 5 || read(&d, words[1]) != nil || d <= 0 || words[3] != "times" {
		return usage("every")
	}
	n, err := strconv.Atoi(words[2])
	if err != nil || n < 1 || n > maxTimes {
		return usage("every")
	}
	line := strings.Join(words[4:], " ")
	if err := s.timely(line); err != nil {
		return err
	}
	for i := range n {
		s.plan(time.Duration(i)*d, strings.ReplaceAll(line, "#", strconv.Itoa(i+1)))
	}
	return nil
}

func (s *Script) plan(in time.Duration, line string) {
	s.world.After(in, func() {
		if err := s.do(line); err != nil {
			s.world.fail("%w", err)
		}
	})
}

func (s *Script) watch(words []string) error {
	shown := map[string]bool{}
	for _, kind := range words[1:] {
		if !slices.Contains([]string{"people", "packets", "drops", "directory",
			"bulletins"}, kind) {
			return usage("watch")
		}
		shown[kind] = true
	}
	s.shown = shown
	return nil
}

func (s *Script) show(words []string) error {
	if len(words) != 2 {
		return usage("show")
	}
	switch words[1] {
	case "drops":
		s.count(s.world.Drops())
	case "asked":
		asked := map[string]int{}
		for _, n := range s.world.nodes {
			if n.holder != nil {
				asked[n.Name] = n.holder.asked
			}
		}
		s.count(asked)
	case "time":
		s.say(s.world.Now(), "%s", s.world.Now().Format(time.RFC3339Nano))
	default:
		return usage("show")
	}
	return nil
}

func (s *Script) count(counts map[string]int) {
	names := make([]string, 0, len(counts))
	for name := range counts {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&s.out, "%s %d\n", name, counts[name])
	}
}
