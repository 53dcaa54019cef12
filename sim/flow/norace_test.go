//go:build !race

package flow

const racing = false
