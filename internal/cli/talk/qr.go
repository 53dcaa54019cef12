package talk

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
	"rsc.io/qr"
)

// quiet is how many modules around a code stay light (ISO/IEC 18004).
const quiet = 4

// QR draws a text for a camera, two modules a character, light on dark terminals and dark on light
// ones alike. What is written in capitals takes less room.
func QR(c *cli.Context, text string) error {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return err
	}
	var out strings.Builder
	for y := -quiet; y < code.Size+quiet; y += 2 {
		out.WriteString("\x1b[30;107m")
		for x := -quiet; x < code.Size+quiet; x++ {
			up, down := code.Black(x, y), code.Black(x, y+1)
			out.WriteString(map[[2]bool]string{
				{false, false}: " ", {true, true}: "█", {true, false}: "▀", {false, true}: "▄",
			}[[2]bool{up, down}])
		}
		out.WriteString("\x1b[0m\n")
	}
	_, err = fmt.Fprint(c.App.Writer, out.String())
	return err
}
