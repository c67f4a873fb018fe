package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"causeway/api"
	"causeway/node"
)

// noFile is a file or folder that was named and is not there.
type noFile struct{ path string }

func (e noFile) Error() string {
	if e.path == "" {
		return "the name of the file is empty: say which file"
	}
	return "there is no file or folder " + e.path
}

func (noFile) Is(target error) bool { return target == fs.ErrNotExist || target == node.ErrNotFound }

// place is the path that an error of the system is about, and what the system said.
func place(err error) (path string, cause syscall.Errno, ok bool) {
	var p *fs.PathError
	var l *os.LinkError
	switch {
	case errors.As(err, &p):
		path = p.Path
	case errors.As(err, &l):
		path = l.New
	default:
		return "", 0, false
	}
	return path, cause, errors.As(err, &cause)
}

// fileSentence turns an error of the system about a file into a sentence; nil if err is none.
func fileSentence(err error) *api.Error {
	path, cause, ok := place(err)
	if !ok {
		return nil
	}
	switch cause {
	case syscall.ENOENT:
		return api.Errorf(api.KindNotFound, "%s", noFile{path})
	case syscall.EISDIR:
		return api.Errorf(api.KindInvalid, "%s is a folder, and a file is wanted", path)
	case syscall.ENOTDIR:
		return api.Errorf(api.KindInvalid, "%s cannot be: a part of this path is a file and no folder", path)
	case syscall.ENAMETOOLONG:
		return api.Errorf(api.KindInvalid, "the name of this file is longer than the system takes: %s", path)
	case syscall.EACCES, syscall.EPERM:
		return api.Errorf(api.KindError, "this user may not use %s: choose another place, or change who owns it", path)
	case syscall.EROFS:
		return api.Errorf(api.KindError, "%s cannot be written, because its disk is read-only: choose another place", path)
	case syscall.ENXIO:
		return api.Errorf(api.KindInvalid, "%s is not a file", path)
	}
	return api.Errorf(api.KindError, "%s cannot be used, the system says: %s", path, cause)
}

// plain is an error about a file in words for people.
func plain(err error) string { return first(diskWords(err), err.Error()) }

// diskWords are those of fileSentence; none if err is about no file.
func diskWords(err error) string {
	if e := fileSentence(err); e != nil {
		return e.Detail.Text
	}
	return ""
}

// isFolder refuses a home that is something else.
func isFolder(home string) error {
	info, err := os.Stat(home)
	switch {
	case errors.Is(err, syscall.ENOTDIR), err == nil && !info.IsDir():
		return usage("%s cannot be a home, because it is or lies in a file: name a folder with --home", home)
	case err == nil, errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return err
}

// writable refuses a file that cannot be written, before any work is done for it. What stands there
// stays as it is.
func writable(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return usage("%s is a folder, and a file is wanted: name one in it", path)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	info, err := os.Stat(filepath.Dir(path))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return api.Errorf(api.KindNotFound, "there is no folder %s: make it first, or name a file in another one", filepath.Dir(path))
	case err != nil:
		return err
	case !info.IsDir():
		return usage("%s is not a folder, so no file can be in it", filepath.Dir(path))
	}
	return nil
}

// under has an error name the file that was meant, and not the one that was written for it.
func under(path string, err error) error {
	if _, cause, ok := place(err); ok {
		return &fs.PathError{Op: "write", Path: path, Err: cause}
	}
	return err
}

// reading remembers the error of what it reads, to tell it from one of the other end.
type reading struct {
	r   io.Reader
	err error
}

func (r *reading) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}

// openFile opens a file for reading, and nothing that is none.
func openFile(path string) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		f.Close()
		return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.EISDIR}
	}
	return f, nil
}

// keyGone says that nothing opens a home any more, and what brings it back.
func keyGone(p paths) error {
	return api.Errorf(api.KindError, "the file with the key of this home is missing: %s; nothing else opens the home, so put that file back from your backup of the folder (nothing was changed)", p.Key)
}
