package manual

import (
	"fmt"
	"strings"
)

// fish has a line for each word.
func fish(program string, all []place) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Completion of %[1]s for fish: put it into
# ~/.config/fish/completions/%[1]s.fish
function __%[1]s_at
    set -l at %[1]s
    for word in (commandline -opc)[2..-1]
        switch "$at $word"
            case %[2]s
                set at "$at $word"
        end
    end
    test "$at" = "$argv[1]"
end
complete -c %[1]s -f
`, program, paths(all, " "))
	for _, p := range all {
		begin := fmt.Sprintf("complete -c %s -n %s", program,
			single(fmt.Sprintf("__%s_at %q", program, p.path), `\'`))
		for _, w := range p.below {
			fmt.Fprintf(&b, "%s -a %s -d %s\n", begin, w.name, single(w.usage, `\'`))
		}
		if p.files {
			fmt.Fprintf(&b, "%s -F\n", begin)
		}
		for _, f := range p.flags {
			b.WriteString(begin)
			for _, name := range f.names {
				kind := "-l"
				if len(name) == 1 {
					kind = "-s"
				}
				fmt.Fprintf(&b, " %s %s", kind, name)
			}
			switch {
			case f.files():
				b.WriteString(" -r -F")
			case f.value != "":
				b.WriteString(" -x")
			}
			fmt.Fprintf(&b, " -d %s\n", single(f.usage, `\'`))
		}
	}
	return b.String()
}
