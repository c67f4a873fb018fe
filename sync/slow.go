package dagsync

import (
	"time"

	"github.com/libp2p/go-libp2p/core/network"
)

// A slowReader lets a peer be silent between frames for as long as it likes,
// but within one it must move.
type slowReader struct {
	st    *stream
	began time.Time // when the frame under way began; zero between frames
	bytes int       // of the frame under way
}

// rest says that no frame is under way.
func (r *slowReader) rest() error {
	r.began = time.Time{}
	return r.st.raw.SetReadDeadline(time.Time{})
}

// begin says that a frame has begun.
func (r *slowReader) begin() { r.began, r.bytes = time.Now(), 0 }

// Read implements io.Reader.
func (r *slowReader) Read(p []byte) (int, error) {
	if !r.began.IsZero() {
		end := r.began.Add(frameTime)
		if soon := time.Now().Add(progressTime); soon.Before(end) {
			end = soon
		}
		if err := r.st.raw.SetReadDeadline(end); err != nil {
			return 0, err
		}
	}
	n, err := r.st.raw.Read(p)
	if r.bytes += n; r.bytes > eagerBytes {
		r.st.read.Store(time.Now().UnixNano())
	}
	return n, err
}

// A slowWriter writes in pieces that each must be taken in time.
type slowWriter struct{ raw network.Stream }

// Write implements io.Writer.
func (w slowWriter) Write(p []byte) (done int, err error) {
	for done < len(p) {
		if err := w.raw.SetWriteDeadline(time.Now().Add(progressTime)); err != nil {
			return done, err
		}
		n, err := w.raw.Write(p[done:min(len(p), done+writePiece)])
		done += n
		if err != nil {
			return done, err
		}
	}
	return done, nil
}
