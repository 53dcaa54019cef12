package manual

import (
	"fmt"
	"strings"
)

// powershell works with PowerShell 5 and later. It completes files by itself where nothing else is
// offered.
func powershell(program string, all []place) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Completion of %[1]s for PowerShell. Once: %[1]s completion powershell | "+
		"Out-String | Invoke-Expression\n# For good: put it into your $PROFILE.\n"+
		"Register-ArgumentCompleter -Native -CommandName %[1]s -ScriptBlock {\n"+
		"    param($wordToComplete, $commandAst, $cursorPosition)\n    $places = @{\n", program)
	for _, p := range all {
		fmt.Fprintf(&b, "        %s = @(\n", single(p.path, "''"))
		for _, w := range p.below {
			fmt.Fprintf(&b, "            @(%s, %s)\n", single(w.name, "''"), single(w.usage, "''"))
		}
		for _, f := range p.flags {
			for _, name := range f.names {
				fmt.Fprintf(&b, "            @(%s, %s)\n", single(dashed(name), "''"),
					single(f.usage, "''"))
			}
		}
		b.WriteString("        )\n")
	}
	fmt.Fprintf(&b, `    }
    $at = '%s'
    foreach ($element in ($commandAst.CommandElements | Select-Object -Skip 1)) {
        $next = $at + ' ' + $element.ToString()
        if ($places.ContainsKey($next) -and $element.Extent.EndOffset -lt $cursorPosition) {
            $at = $next
        }
    }
    $places[$at] | Where-Object { $_[0].StartsWith($wordToComplete) } | ForEach-Object {
        $kind = if ($_[0].StartsWith('-')) { 'ParameterName' } else { 'ParameterValue' }
        [System.Management.Automation.CompletionResult]::new($_[0], $_[0], $kind, $_[1])
    }
}
`, program)
	return b.String()
}
