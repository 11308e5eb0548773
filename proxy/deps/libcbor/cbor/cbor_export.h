/* cbor_export.h - what libcbor's own build would have generated: a static library exports nothing. */
#pragma once

#define CBOR_EXPORT
#define CBOR_NO_EXPORT
#define CBOR_DEPRECATED
