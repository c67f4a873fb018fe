package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// spent returns what this process has taken so far: seconds of CPU, and the
// most memory that it held at any time, in MB.
func spent() (cpu, peak float64, err error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, 0, err
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, 0, err
	}
	var kb float64
	if _, after, ok := strings.Cut(string(status), "VmHWM:"); ok {
		if _, err := fmt.Sscan(after, &kb); err != nil {
			return 0, 0, err
		}
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(u.Utime) + seconds(u.Stime), kb / 1024, nil
}
