//go:build amd64 && !purego

#include "textflag.h"
#include "go_asm.h"

// In all functions X8, X9, X10 hold the round keys I, J, L and X11 zero.
#define loadKeys(keys) \
	MOVOU 0(keys), X8; \
	MOVOU 16(keys), X9; \
	MOVOU 32(keys), X10; \
	PXOR  X11, X11

// func aes4(keys *[3]block, dst, offset, src *block)
TEXT ·aes4(SB), NOSPLIT, $0-32
	MOVQ keys+0(FP), AX
	MOVQ dst+8(FP), DI
	MOVQ offset+16(FP), DX
	MOVQ src+24(FP), SI
	loadKeys(AX)
	MOVOU  0(SI), X0
	MOVOU  0(DX), X1
	PXOR   X1, X0
	AESENC X9, X0
	AESENC X8, X0
	AESENC X10, X0
	AESENC X11, X0
	MOVOU  X0, 0(DI)
	RET

// func aes10(keys *[3]block, dst, offset, src *block)
TEXT ·aes10(SB), NOSPLIT, $0-32
	MOVQ keys+0(FP), AX
	MOVQ dst+8(FP), DI
	MOVQ offset+16(FP), DX
	MOVQ src+24(FP), SI
	loadKeys(AX)
	MOVOU  0(SI), X0
	MOVOU  0(DX), X1
	PXOR   X1, X0
	AESENC X8, X0
	AESENC X9, X0
	AESENC X10, X0
	AESENC X8, X0
	AESENC X9, X0
	AESENC X10, X0
	AESENC X8, X0
	AESENC X9, X0
	AESENC X10, X0
	AESENC X8, X0
	MOVOU  X0, 0(DI)
	RET

#define each8(op, x) \
	op x, X0; \
	op x, X1; \
	op x, X2; \
	op x, X3; \
	op x, X4; \
	op x, X5; \
	op x, X6; \
	op x, X7

#define four8 \
	each8(AESENC, X9); \
	each8(AESENC, X8); \
	each8(AESENC, X10); \
	each8(AESENC, X11)

// load8 and its like take the blocks at 0, 32, 64, ... (left) or 16, 48, ...
#define load8(at) \
	MOVOU (at+0)(DI), X0; \
	MOVOU (at+32)(DI), X1; \
	MOVOU (at+64)(DI), X2; \
	MOVOU (at+96)(DI), X3; \
	MOVOU (at+128)(DI), X4; \
	MOVOU (at+160)(DI), X5; \
	MOVOU (at+192)(DI), X6; \
	MOVOU (at+224)(DI), X7

#define xorStore(at, x) \
	MOVOU at(DI), X14; \
	PXOR  X14, x; \
	MOVOU x, at(DI)

// xorStore8 sets Xk and the memory to their XOR.
#define xorStore8(at) \
	xorStore((at+0), X0); \
	xorStore((at+32), X1); \
	xorStore((at+64), X2); \
	xorStore((at+96), X3); \
	xorStore((at+128), X4); \
	xorStore((at+160), X5); \
	xorStore((at+192), X6); \
	xorStore((at+224), X7)

#define xorFrom(from, x) \
	MOVOU from, X14; \
	PXOR  X14, x

// offsets8 adds 1L, 2L, ... 7L, 0L.
#define offsets8 \
	xorFrom((wideState_l+16)(SI), X0); \
	xorFrom((wideState_l+32)(SI), X1); \
	xorFrom((wideState_l+48)(SI), X2); \
	xorFrom((wideState_l+64)(SI), X3); \
	xorFrom((wideState_l+80)(SI), X4); \
	xorFrom((wideState_l+96)(SI), X5); \
	xorFrom((wideState_l+112)(SI), X6)

// sum8 adds up eight blocks in X15.
#define sum8 \
	PXOR  X0, X15; \
	PXOR  X1, X15; \
	PXOR  X2, X15; \
	PXOR  X3, X15; \
	PXOR  X4, X15; \
	PXOR  X5, X15; \
	PXOR  X6, X15; \
	PXOR  X7, X15

// begin loads the keys, the sum, and the running offset as numbers: R8 high, R9 low.
#define begin \
	LEAQ   wideState_keys(SI), AX; \
	loadKeys(AX); \
	MOVOU  wideState_sum(SI), X15; \
	MOVQ   (wideState_i+0)(SI), R8; \
	MOVQ   (wideState_i+8)(SI), R9; \
	BSWAPQ R8; \
	BSWAPQ R9

// offset(x) sets x to the running offset. Numbers, because SSE cannot shift
// 128 bits, and a detour over memory would stall each group.
#define offset(x) \
	MOVQ   R8, AX; \
	MOVQ   R9, BX; \
	BSWAPQ AX; \
	BSWAPQ BX; \
	MOVQ   AX, x; \
	PINSRQ $1, BX, x

// double multiplies the running offset by 2 in GF(2^128).
#define double \
	ADDQ R9, R9; \
	ADCQ R8, R8; \
	SBBQ AX, AX; \
	ANDQ $0x87, AX; \
	XORQ AX, R9

#define end \
	offset(X12); \
	MOVOU X12, wideState_i(SI); \
	MOVOU X15, wideState_sum(SI)

// func pass1x8(w *wideState, b *byte, times int)
TEXT ·pass1x8(SB), NOSPLIT, $0-24
	MOVQ w+0(FP), SI
	MOVQ b+8(FP), DI
	MOVQ times+16(FP), CX
	begin

loop:
	offset(X12)
	xorFrom(wideState_j(SI), X12)

	// left ^= E(1,i)(right)
	load8(16)
	each8(PXOR, X12)
	offsets8
	four8
	xorStore8(0)

	// right ^= E(0,0)(left)
	each8(PXOR, X8)
	four8
	xorStore8(16)
	sum8

	double
	ADDQ $256, DI
	DECQ CX
	JNZ  loop
	end
	RET

#define set8(x) \
	MOVO x, X0; \
	MOVO x, X1; \
	MOVO x, X2; \
	MOVO x, X3; \
	MOVO x, X4; \
	MOVO x, X5; \
	MOVO x, X6; \
	MOVO x, X7

// both(at, x): left and right ^= x; x becomes left.
#define both(at, x) \
	MOVOU (at+16)(DI), X14; \
	PXOR  x, X14; \
	MOVOU X14, (at+16)(DI); \
	xorStore(at, x)

// cross(at, x): right ^= x, then left and right change places.
#define cross(at, x) \
	MOVOU (at+16)(DI), X14; \
	PXOR  X14, x; \
	MOVOU (at+0)(DI), X14; \
	MOVOU x, (at+0)(DI); \
	MOVOU X14, (at+16)(DI)

// func pass2x8(w *wideState, b *byte, times int)
TEXT ·pass2x8(SB), NOSPLIT, $0-24
	MOVQ w+0(FP), SI
	MOVQ b+8(FP), DI
	MOVQ times+16(FP), CX
	begin

loop:
	offset(X12)
	MOVO  X12, X13
	xorFrom(wideState_j(SI), X12)
	xorFrom((wideState_j+16)(SI), X13)
	xorFrom(wideState_s(SI), X13)

	// left, right ^= E(2,i)(S)
	set8(X13)
	offsets8
	four8
	both(0, X0)
	both(32, X1)
	both(64, X2)
	both(96, X3)
	both(128, X4)
	both(160, X5)
	both(192, X6)
	both(224, X7)
	sum8

	// left ^= E(0,0)(right)
	load8(16)
	each8(PXOR, X8)
	four8
	xorStore8(0)

	// right ^= E(1,i)(left), and the two change places
	each8(PXOR, X12)
	offsets8
	four8
	cross(0, X0)
	cross(32, X1)
	cross(64, X2)
	cross(96, X3)
	cross(128, X4)
	cross(160, X5)
	cross(192, X6)
	cross(224, X7)

	double
	ADDQ $256, DI
	DECQ CX
	JNZ  loop
	end
	RET
