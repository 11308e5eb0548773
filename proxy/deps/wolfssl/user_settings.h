/* user_settings.h - what our build of wolfSSL contains.
 *
 * Every file that includes a wolfSSL header must see this same file (struct layouts depend on it): the build passes
 * -DWOLFSSL_USER_SETTINGS to the library, to proxy/conn and to their tests, and copies this file beside the headers.
 * NDEBUG is not set here, because it would silence assert() in each file that includes us; the library gets it alone.
 */
#pragma once

/* The platform, which autoconf would have found out. Without HAVE_GMTIME_R the library calls gmtime(), which is not
 * thread-safe; without HAVE_GETRANDOM it opens /dev/urandom for each generator. */
#define WOLFSSL_X86_64_BUILD
#define HAVE_C___ATOMIC 1
#define WOLFSSL_HAVE_ATOMIC_H
#define HAVE___UINT128_T 1
#define HAVE_LIMITS_H 1
#define WOLFSSL_HAVE_ASSERT_H
#define HAVE_THREAD_LS
#define HAVE_SYS_TIME_H
#define HAVE_GETPID 1
#define HAVE_GETRANDOM 1
#define HAVE_GMTIME_R 1
#define HAVE_GETADDRINFO 1
#define WC_NO_ASYNC_THREADING
#define WOLFSSL_USE_ALIGN

/* Bytes come and go through our own callbacks; the library never sees a socket. */
#define WOLFSSL_USER_IO
#define WOLFSSL_NO_SOCK

/* Chance comes through one door (base/rng.h): proxy/conn/tls defines this function, tests define their own. */
#define WC_NO_HASHDRBG
#define CUSTOM_RAND_GENERATE_BLOCK forge_tls_random_block
#ifndef __ASSEMBLER__
/* Fills out[0..n) with secret random bytes. 0 is success, anything else makes the library's operation fail. */
int forge_tls_random_block(unsigned char *out, unsigned int n);
#endif

/* Assembly: chosen at run time by CPU, AES-NI and AVX2. */
#define WOLFSSL_AESNI
#define USE_INTEL_SPEEDUP
#define WOLFSSL_SP_MATH_ALL
#define WOLFSSL_HAVE_SP_RSA
#define WOLFSSL_HAVE_SP_ECC
#define WOLFSSL_SP_4096
#define WOLFSSL_SP_384
#define WOLFSSL_SP_521
#define WOLFSSL_SP_ASM
#define WOLFSSL_SP_X86_64
#define WOLFSSL_SP_X86_64_ASM
#define WOLFSSL_SP_LARGE_CODE
#define TFM_TIMING_RESISTANT
#define ECC_TIMING_RESISTANT
#define WC_RSA_BLINDING

/* The P-256 assembly leaves the upper halves of the vector registers dirty, and on Intel the SHA-256 instructions after
 * it then cost a hundred times more. The library brackets each use of such code with a pair of macros, of which the
 * closing one is ours to define (tests/unit/conn/tls_thread_test.c looks at the registers). */
#define RESTORE_VECTOR_REGISTERS() __builtin_ia32_vzeroupper()

/* TLS 1.2 and 1.3, with authenticated ciphers only. The small session cache is there only because the library does not
 * link without one together with tickets; proxy/conn/tls turns it off for each context. The maximum fragment length is
 * not negotiated, because our own records would have to obey it (RFC 6066 s4 lets a server ignore it). */
#define WOLFSSL_AEAD_ONLY
#define WOLFSSL_TLS13
#define WOLFSSL_TLS13_MIDDLEBOX_COMPAT
#define NO_OLD_TLS
#define NO_PSK
#define HAVE_TLS_EXTENSIONS
#define HAVE_SNI
#define HAVE_ALPN
#define HAVE_SUPPORTED_CURVES
#define HAVE_EXTENDED_MASTER
#define HAVE_SERVER_RENEGOTIATION_INFO
#define HAVE_SESSION_TICKET
#define WOLFSSL_NO_DEF_TICKET_ENC_CB
#define SMALL_SESSION_CACHE
#define NO_CLIENT_CACHE
#define NO_SESSION_CACHE_REF
#define HAVE_OCSP
#define HAVE_CERTIFICATE_STATUS_REQUEST
#define HAVE_CRL
#define WOLFSSL_ALWAYS_VERIFY_CB
#define WOLFSSL_VERIFY_CB_ALL_CERTS
#define WOLFSSL_EXTRA_ALERTS
#define WOLFSSL_CERT_SETUP_CB

/* After the handshake proxy/conn/tls_record.c protects the records: ATOMIC_USER tells keys and sequence numbers, the
 * secret callback the traffic secrets that later keys are derived from. */
#define ATOMIC_USER
#define HAVE_SECRET_CALLBACK

/* Algorithms. GCM_SMALL: no tables in each key (512 bytes), which only processors without AES-NI would use. Key
 * agreement over finite fields is left out: our cipher list has none. */
#define HAVE_AESGCM
#define GCM_SMALL
#define NO_DH
#define HAVE_CHACHA
#define HAVE_POLY1305
#define HAVE_HKDF
#define HAVE_ECC
#define HAVE_ECC384
#define HAVE_ECC521
#define ECC_SHAMIR
#define ECC_MIN_KEY_SZ 224
#define HAVE_CURVE25519
#define HAVE_ED25519
#define WC_RSA_PSS
#define WOLFSSL_PSS_LONG_SALT
#define WOLFSSL_SHA224
#define WOLFSSL_SHA384
#define WOLFSSL_SHA512
#define WOLFSSL_SHA3
#define WOLFSSL_SHAKE128
#define WOLFSSL_SHAKE256
#define WOLFSSL_HAVE_MLKEM
#define WOLFSSL_PQC_HYBRIDS
#define WOLFSSL_TLS_NO_MLKEM_STANDALONE
#define WOLFSSL_AES_DIRECT
#define WOLFSSL_AES_COUNTER
#define NO_DSA
#define NO_MD4
#define NO_MD5
#define NO_DES3
#define NO_RC4

/* Certificates: reading, verifying, and issuing (the self-signed one of the first start). */
#define WOLFSSL_ASN_TEMPLATE
#define WOLFSSL_CERT_GEN
#define WOLFSSL_CERT_REQ
#define WOLFSSL_CERT_EXT
#define WOLFSSL_KEY_GEN
#define WOLFSSL_ALT_NAMES
#define WOLFSSL_ALT_CERT_CHAINS
#define WOLFSSL_IP_ALT_NAME
#define WOLFSSL_BASE64_ENCODE
#define WOLFSSL_PEM_TO_DER
#define WOLFSSL_DER_TO_PEM
#define WOLFSSL_SYS_CA_CERTS
#define WC_CTC_NAME_SIZE 128
#define WOLFSSL_MAX_ALT_NAMES 256
