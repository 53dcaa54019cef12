//go:build !linux

package durable

import "os"

// diskFile is an *os.File: there is no fdatasync here, or it says less than fsync (darwin's
// File.Sync asks the drive too).
type diskFile struct{ *os.File }
