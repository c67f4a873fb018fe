package wire

const (
	// MaxFrame bounds the payload of one frame, in bytes.
	MaxFrame = 256 << 10
	// MaxValue bounds one encoded value, in bytes. What comes over a stream is
	// bounded by its frame already; this is for parcels, files and records.
	MaxValue = 4 << 20
	// MaxDepth bounds how deep arrays nest.
	MaxDepth = 8
	// maxElements bounds one array; every element costs at least one byte of
	// input, so the bound of the input is the true one.
	maxElements = MaxValue
)
