package main

import (
	"fmt"
	"io"
	"strings"

	"rsc.io/qr"
)

// qr draws text as a QR code of half blocks; on a terminal only.
func (a *app) qr(w io.Writer, text string) {
	if a.quiet || !terminal(a.out) {
		return
	}
	code, err := qr.Encode(text, qr.L)
	if err != nil {
		return // too long for a code; the text itself was printed
	}
	fmt.Fprintf(w, "\n%s", drawQR(code, a.color()))
}

// drawQR puts two modules into each character. Light modules are drawn, dark ones left, as on a
// dark screen; with colours black on white is set, which any reader takes on any screen.
func drawQR(code *qr.Code, color bool) string {
	const quiet = 2
	light := func(x, y int) bool { return !code.Black(x, y) }
	if color {
		light = code.Black
	}
	var b strings.Builder
	for y := -quiet; y < code.Size+quiet; y += 2 {
		if color {
			b.WriteString("\x1b[30;107m")
		}
		for x := -quiet; x < code.Size+quiet; x++ {
			b.WriteString(halfBlocks[light(x, y)][light(x, y+1)])
		}
		if color {
			b.WriteString("\x1b[0m")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

var halfBlocks = map[bool]map[bool]string{
	false: {false: " ", true: "▄"},
	true:  {false: "▀", true: "█"},
}
