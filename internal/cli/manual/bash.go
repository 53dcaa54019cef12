package manual

import (
	"fmt"
	"strings"
)

// bash works with bash 3.2 and later.
func bash(program string, all []place) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Completion of %[1]s for bash. Once: source <(%[1]s completion bash)
# For good: put it into ~/.local/share/bash-completion/completions/%[1]s
_%[1]s() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} at=%[1]s i words=
    local IFS=$'\n'
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "$at ${COMP_WORDS[i]}" in
        %[2]s) at="$at ${COMP_WORDS[i]}" ;;
        esac
    done
    COMPREPLY=()
    case "$at:$prev" in
`, program, paths(all, "|"))
	for _, p := range all {
		p.valued(func(option string, f flag) {
			fmt.Fprintf(&b, "    %q) ", p.path+":"+option)
			if f.files() {
				b.WriteString(`COMPREPLY=($(compgen -f -- "$cur"));`)
			}
			b.WriteString(" return ;;\n")
		})
	}
	b.WriteString("    esac\n    case \"$at\" in\n")
	for _, p := range all {
		words := p.options()
		for _, w := range p.below {
			words = append(words, w.name)
		}
		fmt.Fprintf(&b, "    %q) words=%s", p.path, "$'"+strings.Join(words, `\n`)+"'")
		if p.files {
			b.WriteString(`; COMPREPLY=($(compgen -f -- "$cur"))`)
		}
		b.WriteString(" ;;\n")
	}
	fmt.Fprintf(&b, `    esac
    COMPREPLY+=($(compgen -W "$words" -- "$cur"))
}
complete -o filenames -F _%[1]s %[1]s
`, program)
	return b.String()
}
