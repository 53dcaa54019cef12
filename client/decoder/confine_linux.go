package decoder

import (
	"runtime"
	"syscall"
	"unsafe"
)

// Limits of the process: memory that it can write to, and processor time in seconds.
const (
	hardMemory = 1536 << 20
	seconds    = 60
)

// Resources that package syscall has no name for (asm-generic/resource.h).
const (
	rlimitNPROC = 6
	noNewPrivs  = 38 // prctl: PR_SET_NO_NEW_PRIVS
	dumpable    = 4  // prctl: PR_SET_DUMPABLE
)

// confine takes from the process what it does not need. Files cannot be opened any more, sockets
// and pipes neither, since there may be no further descriptor; what goes beyond that is not called
// at all, see filter.
func confine() error {
	limits := map[int]uint64{
		syscall.RLIMIT_NOFILE: 0, syscall.RLIMIT_FSIZE: 0, syscall.RLIMIT_CORE: 0,
		syscall.RLIMIT_CPU: seconds,
	}
	if !raced { // the race detector has memory of its own, without measure
		limits[syscall.RLIMIT_DATA] = hardMemory
	}
	for what, most := range limits {
		if err := syscall.Setrlimit(what, &syscall.Rlimit{Cur: most, Max: most}); err != nil {
			return err
		}
	}
	for _, call := range [][2]uintptr{{dumpable, 0}, {noNewPrivs, 1}} {
		if _, _, no := syscall.RawSyscall6(
			syscall.SYS_PRCTL, call[0], call[1], 0, 0, 0, 0,
		); no != 0 {
			return no
		}
	}
	if raced {
		return nil
	}
	return filter()
}

// Constants of seccomp and of its programs (linux/seccomp.h, linux/bpf_common.h).
const (
	modeFilter = 1
	allThreads = 1 // SECCOMP_FILTER_FLAG_TSYNC
	allow      = 0x7fff0000
	refuse     = 0x00050000 | uint32(syscall.EPERM)
	unknown    = 0x00050000 | uint32(syscall.ENOSYS)

	load     = syscall.BPF_LD | syscall.BPF_W | syscall.BPF_ABS
	equal    = syscall.BPF_JMP | syscall.BPF_JEQ | syscall.BPF_K
	anySet   = syscall.BPF_JMP | syscall.BPF_JSET | syscall.BPF_K
	give     = syscall.BPF_RET | syscall.BPF_K
	number   = 0  // where the number of the call stands
	arch     = 4  // that of the machine's calls
	argument = 16 // the first argument's lower half
)

// calls are those that Go's runtime makes while it computes, reads and writes, and glibc's where
// the program is built with it.
var calls = []uint32{
	syscall.SYS_READ, syscall.SYS_WRITE, syscall.SYS_MMAP, syscall.SYS_MUNMAP,
	syscall.SYS_MPROTECT, syscall.SYS_MADVISE, syscall.SYS_MINCORE, syscall.SYS_FUTEX,
	syscall.SYS_RT_SIGRETURN, syscall.SYS_RT_SIGPROCMASK, syscall.SYS_RT_SIGACTION,
	syscall.SYS_SIGALTSTACK, syscall.SYS_NANOSLEEP, syscall.SYS_CLOCK_NANOSLEEP,
	syscall.SYS_CLOCK_GETTIME, syscall.SYS_SCHED_YIELD, syscall.SYS_SCHED_GETAFFINITY,
	syscall.SYS_EXIT, syscall.SYS_EXIT_GROUP, syscall.SYS_GETTID, syscall.SYS_GETPID,
	syscall.SYS_TGKILL, syscall.SYS_RESTART_SYSCALL, syscall.SYS_EPOLL_PWAIT,
	syscall.SYS_EPOLL_CTL, syscall.SYS_SET_ROBUST_LIST,
}

// machines are the values of arch (linux/audit.h) where numbers of calls are known, and of those
// that package syscall does not name.
var machines = map[string]struct{ arch, seccomp, rseq, getrandom uint32 }{
	"amd64": {0xc000003e, 317, 334, 318}, "arm64": {0xc00000b7, 277, 293, 278},
}

// clone3 has what it makes where no filter sees it: who calls it has to do with clone.
const clone3 = 435

// filter has the kernel refuse all other calls, and new processes, in all threads. Where it cannot,
// or the numbers are not known, the limits have to do.
func filter() error {
	machine, ok := machines[runtime.GOARCH]
	if !ok {
		return nil
	}
	program := allowed(machine.arch, append([]uint32{machine.rseq, machine.getrandom}, calls...))
	code := syscall.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	_, _, no := syscall.RawSyscall(
		uintptr(machine.seccomp), modeFilter, allThreads, uintptr(unsafe.Pointer(&code)),
	)
	runtime.KeepAlive(program)
	if no == syscall.ENOSYS || no == syscall.EINVAL { // a kernel without it
		return nil
	}
	if no != 0 {
		return no
	}
	return nil
}

// allowed is the program that lets calls of one machine pass, and threads be made.
func allowed(machine uint32, calls []uint32) []syscall.SockFilter {
	program := []syscall.SockFilter{
		{Code: load, K: arch}, {Code: equal, K: machine, Jt: 1}, {Code: give, K: refuse},
		{Code: load, K: number},
	}
	for _, call := range calls {
		program = append(program, syscall.SockFilter{Code: equal, K: call, Jf: 1},
			syscall.SockFilter{Code: give, K: allow})
	}
	return append(program, // a clone makes threads alone
		syscall.SockFilter{Code: equal, K: clone3, Jf: 1},
		syscall.SockFilter{Code: give, K: unknown},
		syscall.SockFilter{Code: equal, K: syscall.SYS_CLONE, Jf: 3},
		syscall.SockFilter{Code: load, K: argument},
		syscall.SockFilter{Code: anySet, K: syscall.CLONE_THREAD, Jf: 1},
		syscall.SockFilter{Code: give, K: allow}, syscall.SockFilter{Code: give, K: refuse})
}
