package api

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Server is the two open doors of the local API: the unix socket and the loopback port.
type Server struct {
	unix, tcp net.Listener
	token     string
}

// Listen opens both doors. The caller must own the node's store: whatever stands at the path of the
// socket is then left from a node that has died, and is replaced. addr is 127.0.0.1:PORT; empty
// probes for a free port from a fixed start, port 0 takes any.
func Listen(socket, addr, token string) (*Server, error) {
	if token == "" {
		return nil, errors.New("the local API needs a token")
	}
	tcp, err := listenLoopback(addr)
	if err != nil {
		return nil, err
	}
	unix, err := listenUnix(socket)
	if err != nil {
		tcp.Close()
		return nil, err
	}
	return &Server{unix: unix, tcp: tcp, token: token}, nil
}

// Addr is the loopback address, 127.0.0.1:PORT.
func (s *Server) Addr() string { return s.tcp.Addr().String() }

// URL is the address of the loopback door for browsers and programs.
func (s *Server) URL() string { return "http://" + s.Addr() }

// Close shuts doors that Serve never opened.
func (s *Server) Close() error { return errors.Join(s.unix.Close(), s.tcp.Close()) }

// Serve answers at both doors until ctx ends, then lets requests finish for a moment and closes.
func (s *Server) Serve(ctx context.Context, b Backend) error {
	_, port, err := net.SplitHostPort(s.Addr())
	if err != nil {
		return err
	}
	live := newSessions()
	open := live.login(s.URL(), Handler(b))
	streams, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	doors := []struct {
		l net.Listener
		s *http.Server
	}{
		{s.unix, server(streams, open)},
		{s.tcp, server(streams, newGuard(port, s.token, live, open))},
	}
	failed := make(chan error, len(doors))
	for _, d := range doors {
		go func() { failed <- d.s.Serve(d.l) }()
	}
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	stop() // ends event streams, which would never finish by themselves
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownWait)
	defer cancel()
	for _, d := range doors {
		if d.s.Shutdown(late) != nil {
			d.s.Close()
		}
	}
	return err
}

func server(streams context.Context, h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerWait,
		IdleTimeout:       idleWait,
		MaxHeaderBytes:    maxHeader,
		BaseContext:       func(net.Listener) context.Context { return streams },
	}
}

func listenUnix(path string) (net.Listener, error) {
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("the path of the socket is too long for this system (%d of %d bytes): %s", len(path), maxSocketPath, path)
	}
	if err := PrivateDir(filepath.Dir(path)); err != nil {
		return nil, err
	}
	switch info, err := os.Lstat(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case info.Mode().Type() != fs.ModeSocket:
		return nil, fmt.Errorf("%s is in the way of the node's socket: move it", path)
	default:
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// PrivateDir makes a folder that only this user can enter, or makes sure that it is one: nobody
// else may have put it there first.
func PrivateDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !info.IsDir() || ok && int(st.Uid) != os.Getuid() {
		return fmt.Errorf("%s belongs to somebody else: choose another place with --home or XDG_RUNTIME_DIR", dir)
	}
	if info.Mode().Perm() != 0o700 {
		return os.Chmod(dir, 0o700)
	}
	return nil
}

// listenLoopback takes addr, or the first free port of the range when addr is empty.
func listenLoopback(addr string) (net.Listener, error) {
	if addr != "" {
		return listenAt(addr)
	}
	for port := firstPort; port <= lastPort; port++ {
		if l, err := listenAt("127.0.0.1:" + strconv.Itoa(port)); err == nil {
			return l, nil
		}
	}
	return listenAt("127.0.0.1:0")
}

func listenAt(addr string) (net.Listener, error) {
	if err := CheckAddr(addr); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("another program already listens on %s: choose another port with --api 127.0.0.1:PORT", addr)
	}
	return l, err
}

// CheckAddr accepts 127.0.0.1:PORT only: the API is for this machine.
func CheckAddr(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || host != "127.0.0.1" {
		return Errorf(KindInvalid, "the local API listens on 127.0.0.1 only: write 127.0.0.1:PORT, not %q", addr)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil {
		return Errorf(KindInvalid, "%q is not a port: write a number from 0 (any free one) to 65535", port)
	} else if n > 0 && n < 1024 {
		return Errorf(KindInvalid, "port %d is kept for the system: choose one above 1023", n)
	}
	return nil
}

// Token reads the token of the loopback port, or makes one. A file that others could read is not
// trusted any more.
func Token(path string) (string, error) {
	b, err := os.ReadFile(path)
	info, serr := os.Stat(path)
	if t := strings.TrimSpace(string(b)); err == nil && serr == nil && info.Mode().Perm()&0o077 == 0 && len(t) >= 26 {
		return t, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	t := rand.Text() + rand.Text()
	tmp := path + ".new"
	if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(t + "\n")
	if err = errors.Join(err, f.Close()); err != nil {
		return "", err
	}
	return t, os.Rename(tmp, path)
}
