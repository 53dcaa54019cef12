package script

import "github.com/rogpeppe/go-internal/testscript"

func shell(ts *testscript.TestScript, _ bool, _ []string) { ts.Fatalf("shell: there is none here") }
