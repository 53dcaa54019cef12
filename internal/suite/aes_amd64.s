//go:build amd64 && !purego

#include "textflag.h"

// func cpuid(leaf, sub uint32) (a, b, c, d uint32)
TEXT ·cpuid(SB), NOSPLIT, $0-24
	MOVL leaf+0(FP), AX
	MOVL sub+4(FP), CX
	CPUID
	MOVL AX, a+8(FP)
	MOVL BX, b+12(FP)
	MOVL CX, c+16(FP)
	MOVL DX, d+20(FP)
	RET

// func xgetbv() uint32
TEXT ·xgetbv(SB), NOSPLIT, $0-4
	XORL CX, CX
	XGETBV
	MOVL AX, ret+0(FP)
	RET

// func vzeroupper()
TEXT ·vzeroupper(SB), NOSPLIT, $0-0
	VZEROUPPER
	RET

// spread(x) sets each word of x to the XOR of itself and those below it.
#define spread(x) \
	MOVO   x, X4; \
	PSLLDQ $4, X4; \
	PXOR   X4, x; \
	PSLLDQ $4, X4; \
	PXOR   X4, x; \
	PSLLDQ $4, X4; \
	PXOR   X4, x

#define even(rcon, at) \
	AESKEYGENASSIST $rcon, X2, X1; \
	PSHUFD $0xff, X1, X1; \
	spread(X0); \
	PXOR   X1, X0; \
	MOVOU  X0, at(DI)

#define odd(at) \
	AESKEYGENASSIST $0, X0, X1; \
	PSHUFD $0xaa, X1, X1; \
	spread(X2); \
	PXOR   X1, X2; \
	MOVOU  X2, at(DI)

// func expandKey256(round *[15]block, key *byte)
TEXT ·expandKey256(SB), NOSPLIT, $0-16
	MOVQ  round+0(FP), DI
	MOVQ  key+8(FP), SI
	MOVOU 0(SI), X0
	MOVOU 16(SI), X2
	MOVOU X0, 0(DI)
	MOVOU X2, 16(DI)
	even(0x01, 32)
	odd(48)
	even(0x02, 64)
	odd(80)
	even(0x04, 96)
	odd(112)
	even(0x08, 128)
	odd(144)
	even(0x10, 160)
	odd(176)
	even(0x20, 192)
	odd(208)
	even(0x40, 224)
	RET

// next(x) puts the counter, big-endian, into x and adds one to it.
#define next(x) \
	MOVQ   R8, AX; \
	MOVQ   R9, BX; \
	BSWAPQ AX; \
	BSWAPQ BX; \
	MOVQ   AX, x; \
	PINSRQ $1, BX, x; \
	ADDQ   $1, R9; \
	ADCQ   $0, R8

#define each8(op) \
	op X8, X0; \
	op X8, X1; \
	op X8, X2; \
	op X8, X3; \
	op X8, X4; \
	op X8, X5; \
	op X8, X6; \
	op X8, X7

#define round8(at) \
	MOVOU at(SI), X8; \
	each8(AESENC)

#define mix(at, x) \
	MOVOU at(DI), X8; \
	PXOR  X8, x; \
	MOVOU x, at(DI)

// func counter8(round *[15]block, counter *[2]uint64, b *byte, times int)
TEXT ·counter8(SB), NOSPLIT, $0-32
	MOVQ round+0(FP), SI
	MOVQ counter+8(FP), DX
	MOVQ b+16(FP), DI
	MOVQ times+24(FP), CX
	MOVQ 0(DX), R8
	MOVQ 8(DX), R9

loop:
	next(X0)
	next(X1)
	next(X2)
	next(X3)
	next(X4)
	next(X5)
	next(X6)
	next(X7)
	MOVOU 0(SI), X8
	each8(PXOR)
	round8(16)
	round8(32)
	round8(48)
	round8(64)
	round8(80)
	round8(96)
	round8(112)
	round8(128)
	round8(144)
	round8(160)
	round8(176)
	round8(192)
	round8(208)
	MOVOU 224(SI), X8
	each8(AESENCLAST)
	mix(0, X0)
	mix(16, X1)
	mix(32, X2)
	mix(48, X3)
	mix(64, X4)
	mix(80, X5)
	mix(96, X6)
	mix(112, X7)
	ADDQ $128, DI
	DECQ CX
	JNZ  loop
	MOVQ R8, 0(DX)
	MOVQ R9, 8(DX)
	RET
