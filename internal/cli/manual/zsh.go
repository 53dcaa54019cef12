package manual

import (
	"fmt"
	"strings"
)

// zsh shows what each word does.
func zsh(program string, all []place) string {
	var b strings.Builder
	fmt.Fprintf(&b, `#compdef %[1]s
# Completion of %[1]s for zsh. Put it into a directory of $fpath, as _%[1]s.
_%[1]s() {
    local at=%[1]s i
    local -a shown options
    for ((i = 2; i < CURRENT; i++)); do
        case "$at ${words[i]}" in
        %[2]s) at="$at ${words[i]}" ;;
        esac
    done
    case "$at:${words[CURRENT-1]}" in
`, program, paths(all, "|"))
	for _, p := range all {
		p.valued(func(option string, f flag) {
			do := "_message " + single(f.usage, `'\''`)
			if f.files() {
				do = "_files"
			}
			fmt.Fprintf(&b, "    %q) %s; return ;;\n", p.path+":"+option, do)
		})
	}
	b.WriteString("    esac\n    case \"$at\" in\n")
	for _, p := range all {
		fmt.Fprintf(&b, "    %q)\n", p.path)
		for _, w := range p.below {
			fmt.Fprintf(&b, "        shown+=(%s)\n", described(w.name, w.usage))
		}
		for _, f := range p.flags {
			for _, name := range f.names {
				fmt.Fprintf(&b, "        options+=(%s)\n", described(dashed(name), f.usage))
			}
		}
		if p.files {
			b.WriteString("        _files\n")
		}
		b.WriteString("        ;;\n")
	}
	fmt.Fprintf(&b, `    esac
    _describe -t commands command shown
    _describe -t options option options
}
if [ "$funcstack[1]" = "_%[1]s" ]; then _%[1]s "$@"; else compdef _%[1]s %[1]s; fi
`, program)
	return b.String()
}

// described is a word and what it does, as _describe takes it.
func described(name, usage string) string {
	return single(strings.ReplaceAll(name, ":", `\:`)+":"+strings.ReplaceAll(usage, ":", `\:`),
		`'\''`)
}
