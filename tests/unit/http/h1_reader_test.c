/* h1_reader_test.c - which HTTP/1 messages are admitted, as what, and that the cut of the wire never matters.
 *
 * Goal:   what llhttp lets through and we must refuse (io_uring-and-libraries.md section 4.3) is refused by name, what
 *         is good is read as the row says, limits hold to the byte.
 * Method: every row is fed whole, cut in two at each place, and in slices of each length; text and verdict must match
 *         the row each time. Rows on an edge come in pairs: the last good value, then the first bad one.
 */
#include "lib/h1_feed.h"

#include "lib/check.h"

struct row {
    const char *name, *wire, *text;
    enum why    why;
};

#define H "Host: h\r\n"
#define GET(fields) "GET / HTTP/1.1\r\n" H fields "\r\n"
#define POST(fields) "POST /p HTTP/1.1\r\n" H fields "\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"
#define OKAY(fields) "HTTP/1.1 200 OK\r\n" fields "\r\n"
#define CHUNK_HEAD "POST h /p 11 transfer-encoding=chunked| chunked\n"
#define GOT_CHUNKED "200 11 transfer-encoding=chunked| chunked\n"

static const struct row requests[] = {
    /* request line */
    { "plain", GET(""), "GET h / 11 \n", WHY_OK },
    { "query", "GET /a/b?c=d&e=%20 HTTP/1.1\r\n" H "\r\n", "GET h /a/b?c=d&e=%20 11 \n", WHY_OK },
    { "two messages", GET("") POST("Content-Length: 2\r\n") "hi" GET(""),
      "GET h / 11 \nPOST h /p 11 content-length=2| len=2\nhi<>\nGET h / 11 \n", WHY_OK },
    { "one empty line before", "\r\n" GET(""), "GET h / 11 \n", WHY_OK },
    { "two empty lines before", "\r\n\r\n" GET(""), "GET h / 11 \n", WHY_OK },
    { "three empty lines before", "\r\n\r\n\r\n" GET(""), "", WHY_H1_BLANK_LINES },
    { "two empty lines between", GET("") "\r\n\r\n" GET(""), "GET h / 11 \nGET h / 11 \n", WHY_OK },
    { "three empty lines between", GET("") "\r\n\r\n\r\n", "GET h / 11 \n", WHY_H1_BLANK_LINES },
    { "bare LF before", "\n" GET(""), "", WHY_H1_LINE_END },
    { "bare CR before", "\rGET / HTTP/1.1\r\n\r\n", "", WHY_H1_LINE_END },
    { "two CR before", "\r\r\n", "", WHY_H1_LINE_END },
    { "TLS hello", "\x16\x03\x01\x02\x01", "", WHY_H1_NOT_HTTP },
    { "blank first", " GET / HTTP/1.1\r\n" H "\r\n", "", WHY_H1_NOT_HTTP },
    { "NUL in method", "GE\x01T / HTTP/1.1\r\n", "", WHY_H1_NOT_HTTP },
    { "unknown method", "FOO / HTTP/1.1\r\n" H "\r\n", "", WHY_H1_METHOD },
    { "small method", "get / HTTP/1.1\r\n" H "\r\n", "", WHY_H1_METHOD },
    { "method goes on", "GETS / HTTP/1.1\r\n" H "\r\n", "", WHY_H1_METHOD },
    { "method of WebDAV", "PROPFIND / HTTP/1.1\r\n" H "\r\n", "", WHY_H1_METHOD },
    { "method of RTSP", "SETUP / RTSP/1.0\r\n\r\n", "", WHY_H1_METHOD },
    { "preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "", WHY_H1_METHOD },
    { "connect", "CONNECT h:443 HTTP/1.1\r\n" H "\r\n", "", WHY_H1_CONNECT },
    { "connect with a path", "CONNECT /a HTTP/1.1\r\n" H "\r\n", "", WHY_H1_CONNECT },
    { "all other methods", "HEAD / HTTP/1.1\r\n" H "\r\nPUT / HTTP/1.1\r\n" H "\r\nDELETE / HTTP/1.1\r\n" H
      "\r\nPATCH / HTTP/1.1\r\n" H "\r\nOPTIONS / HTTP/1.1\r\n" H "\r\nTRACE / HTTP/1.1\r\n" H "\r\n",
      "HEAD h / 11 \nPUT h / 11 \nDELETE h / 11 \nPATCH h / 11 \nOPTIONS h / 11 \nTRACE h / 11 \n", WHY_OK },
    { "tab after the method", "GET\t/ HTTP/1.1\r\n" H "\r\n", "", WHY_H1_NOT_HTTP },
    { "two blanks after the method", "GET  / HTTP/1.1\r\n" H "\r\n", "", WHY_H1_REQUEST_LINE },
    { "two blanks behind an empty line", "\r\nGET  / HTTP/1.1\r\n" H "\r\n", "", WHY_H1_REQUEST_LINE },
    { "two blanks after the target", "GET /  HTTP/1.1\r\n" H "\r\n", "", WHY_H1_REQUEST_LINE },
    { "blank after the version", "GET / HTTP/1.1 \r\n" H "\r\n", "", WHY_H1_VERSION },
    { "HTTP/0.9", "GET /\r\n\r\n", "", WHY_H1_VERSION },
    { "HTTP/0.9 by name", "GET / HTTP/0.9\r\n" H "\r\n", "", WHY_H1_VERSION },
    { "HTTP/1.0", "GET / HTTP/1.0\r\n" H "\r\n", "GET h / 10  close\n", WHY_OK },
    { "HTTP/1.2", "GET / HTTP/1.2\r\n" H "\r\n", "", WHY_H1_VERSION },
    { "HTTP/2.0", "GET / HTTP/2.0\r\n" H "\r\n", "", WHY_H1_VERSION },
    { "HTTP/1.10", "GET / HTTP/1.10\r\n" H "\r\n", "", WHY_H1_VERSION },
    { "small http", "GET / http/1.1\r\n" H "\r\n", "", WHY_H1_REQUEST_LINE },
    { "RTSP", "OPTIONS / RTSP/1.0\r\n" H "\r\n", "", WHY_H1_VERSION },
    { "bare LF", "GET / HTTP/1.1\n" H "\r\n", "", WHY_H1_VERSION },
    { "CR without LF", "GET / HTTP/1.1\rHost: h\r\n\r\n", "", WHY_H1_LINE_END },
    /* target and host */
    { "absolute target", "GET http://h/a?b HTTP/1.1\r\n" H "\r\n", "GET h /a?b 11 \n", WHY_OK },
    { "absolute target, letters differ", "GET HTTP://EX.org:80/ HTTP/1.1\r\nhost: ex.ORG:80\r\n\r\n",
      "GET EX.org:80 / 11 \n",
      WHY_OK },
    { "absolute target without path", "GET http://h HTTP/1.1\r\n" H "\r\n", "GET h / 11 \n", WHY_OK },
    { "absolute target, another host", "GET http://g/ HTTP/1.1\r\n" H "\r\n", "", WHY_H1_HOST_MISMATCH },
    { "absolute target, another port", "GET http://h:81/ HTTP/1.1\r\n" H "\r\n", "", WHY_H1_HOST_MISMATCH },
    { "absolute target without host", "GET http:///a HTTP/1.1\r\n" H "\r\n", "", WHY_H1_TARGET_FORM },
    { "absolute target, user", "GET http://u@h/ HTTP/1.1\r\nHost: u@h\r\n\r\n", "", WHY_URI_USERINFO },
    { "another scheme", "GET ftp://h/ HTTP/1.1\r\n" H "\r\n", "", WHY_H1_TARGET_FORM },
    { "asterisk", "OPTIONS * HTTP/1.1\r\n" H "\r\n", "OPTIONS h * 11 \n", WHY_OK },
    { "asterisk with GET", "GET * HTTP/1.1\r\n" H "\r\n", "", WHY_H1_TARGET_FORM },
    { "authority form", "GET h:80 HTTP/1.1\r\n" H "\r\n", "", WHY_H1_TARGET },
    { "fragment", "GET /a#b HTTP/1.1\r\n" H "\r\n", "", WHY_URI_FRAGMENT },
    { "percent", "GET /%zz HTTP/1.1\r\n" H "\r\n", "", WHY_URI_PERCENT },
    { "quote in target", "GET /\" HTTP/1.1\r\n" H "\r\n", "", WHY_URI_BYTE },
    { "brace in target", "GET /{ HTTP/1.1\r\n" H "\r\n", "", WHY_URI_BYTE },
    { "high byte in target", "GET /\xc3\xa9 HTTP/1.1\r\n" H "\r\n", "", WHY_H1_TARGET },
    { "control in target", "GET /\x01 HTTP/1.1\r\n" H "\r\n", "", WHY_H1_TARGET },
    { "no host", "GET / HTTP/1.1\r\n\r\n", "", WHY_H1_HOST_MISSING },
    { "no host in 1.0", "GET / HTTP/1.0\r\n\r\n", "GET  / 10  close\n", WHY_OK },
    { "two hosts", GET("Host: h\r\n"), "", WHY_H1_HOST_TWICE },
    { "two hosts in 1.0", "GET / HTTP/1.0\r\n" H H "\r\n", "", WHY_H1_HOST_TWICE },
    { "empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "", WHY_URI_HOST },
    { "comma in host", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", "", WHY_URI_HOST },
    { "bad port", "GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n", "", WHY_URI_PORT },
    /* fields */
    { "blanks around a value", GET("A:\t x y \t\r\nB:z\r\nC: \r\n"), "GET h / 11 a=x y|b=z|c=|\n", WHY_OK },
    { "high bytes in a value", GET("A: \xc3\xa9\r\n"), "GET h / 11 a=\xc3\xa9|\n", WHY_OK },
    { "folded", GET("A: b\r\n c\r\n"), "", WHY_H1_FIELD },
    { "first field folded", "GET / HTTP/1.1\r\n A: b\r\n" H "\r\n", "", WHY_H1_FIELD },
    { "blank before the colon", GET("A : b\r\n"), "", WHY_H1_FIELD },
    { "empty name", GET(": b\r\n"), "", WHY_H1_FIELD },
    { "no colon", GET("A\r\n"), "", WHY_H1_FIELD },
    { "byte in a name", GET("A(: b\r\n"), "", WHY_H1_FIELD },
    { "high byte in a name", GET("\xc3: b\r\n"), "", WHY_H1_FIELD },
    { "control in a value", GET("A: b\x01\r\n"), "", WHY_H1_FIELD },
    { "DEL in a value", GET("A: b\x7f\r\n"), "", WHY_H1_FIELD },
    { "bare CR in a value", GET("A: b\rc\r\n"), "", WHY_H1_LINE_END },
    { "bare LF after a value", GET("A: b\nC: d\r\n"), "", WHY_H1_LINE_END },
    { "bare LF at the end", "GET / HTTP/1.1\r\n" H "\n", "", WHY_H1_FIELD },
    { "too many options", GET("Connection: 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16\r\n"
                              "Connection: 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17\r\n"), "",
                              WHY_H1_CONNECTION_OPTIONS },
    /* framing */
    { "length", POST("content-LENGTH: 5 \r\n") "hello", "POST h /p 11 content-length=5| len=5\nhello<>\n", WHY_OK },
    { "length zero", POST("Content-Length: 0\r\n"), "POST h /p 11 content-length=0| len=0\n", WHY_OK },
    { "length twice", POST("Content-Length: 5\r\nContent-Length: 5\r\n"), "", WHY_H1_LENGTH },
    { "length list", POST("Content-Length: 5, 5\r\n"), "", WHY_H1_LENGTH },
    { "length signed", POST("Content-Length: +5\r\n"), "", WHY_H1_LENGTH },
    { "length negative", POST("Content-Length: -5\r\n"), "", WHY_H1_LENGTH },
    { "length hex", POST("Content-Length: 0x5\r\n"), "", WHY_H1_LENGTH },
    { "length empty", POST("Content-Length:\r\n"), "", WHY_H1_LENGTH },
    { "length too large", POST("Content-Length: 18446744073709551616\r\n"), "", WHY_H1_LENGTH },
    { "length largest", POST("Content-Length: 18446744073709551615\r\n"),
      "POST h /p 11 content-length=18446744073709551615| len=18446744073709551615\n", WHY_OK },
    { "length with a blank before the colon", POST("Content-Length : 5\r\n"), "", WHY_H1_FIELD },
    { "length, then coding", POST("Content-Length: 5\r\n" CHUNKED), "", WHY_H1_LENGTH_AND_CODING },
    { "coding, then length", POST(CHUNKED "Content-Length: 5\r\n"), "", WHY_H1_LENGTH_AND_CODING },
    { "coding in 1.0", "POST / HTTP/1.0\r\n" H CHUNKED "\r\n0\r\n\r\n", "", WHY_H1_CODING_10 },
    { "coding gzip, chunked", POST("Transfer-Encoding: gzip, chunked\r\n"), "", WHY_H1_CODING },
    { "coding chunked, gzip", POST("Transfer-Encoding: chunked, gzip\r\n"), "", WHY_H1_CODING },
    { "coding gzip", POST("Transfer-Encoding: gzip\r\n"), "", WHY_H1_CODING },
    { "coding identity", POST("Transfer-Encoding: identity\r\n"), "", WHY_H1_CODING },
    { "coding xchunked", POST("Transfer-Encoding: xchunked\r\n"), "", WHY_H1_CODING },
    { "coding with a quote", POST("Transfer-Encoding: \"chunked\"\r\n"), "", WHY_H1_CODING },
    { "coding with a parameter", POST("Transfer-Encoding: chunked;q=1\r\n"), "", WHY_H1_CODING },
    { "coding empty", POST("Transfer-Encoding:\r\n"), "", WHY_H1_CODING },
    { "coding twice", POST(CHUNKED CHUNKED), "", WHY_H1_CODING },
    { "coding twice, other first", POST("Transfer-Encoding: x\r\n" CHUNKED), "", WHY_H1_CODING },
    { "coding in capitals", POST("Transfer-Encoding: CHUNKED\r\n") "0\r\n\r\n",
      "POST h /p 11 transfer-encoding=CHUNKED| chunked\n<>\n", WHY_OK },
    { "coding with vertical tab", POST("Transfer-Encoding: \x0b" "chunked\r\n"), "", WHY_H1_FIELD },
    /* chunks */
    { "chunks", POST(CHUNKED) "3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n" GET(""),
      CHUNK_HEAD "abc0123456789<>\nGET h / 11 \n", WHY_OK },
    { "extensions are dropped", POST(CHUNKED) "1;a=b;c=\"d\"\r\nx\r\n0;e\r\n\r\n", CHUNK_HEAD "x<>\n", WHY_OK },
    { "leading zeros", POST(CHUNKED) "0000000000000001\r\nx\r\n00\r\n\r\n", CHUNK_HEAD "x<>\n", WHY_OK },
    { "trailers", POST(CHUNKED) "1\r\nx\r\n0\r\nX-A: 1 \r\nx-b: 2\r\n\r\n", CHUNK_HEAD "x<x-a=1|x-b=2|>\n", WHY_OK },
    { "trailers that lie",
      POST(CHUNKED) "0\r\nHost: g\r\nX-Forwarded-For: 1\r\nAuthorization: x\r\nCookie: c\r\nok: 1\r\n\r\n",
      CHUNK_HEAD "<ok=1|>\n", WHY_OK },
    { "trailer with a length", POST(CHUNKED) "0\r\nContent-Length: 5\r\n\r\n", CHUNK_HEAD, WHY_H1_LENGTH_AND_CODING },
    { "trailer folded", POST(CHUNKED) "0\r\nA: b\r\n c\r\n\r\n", CHUNK_HEAD, WHY_H1_FIELD },
    { "size 0x", POST(CHUNKED) "0x1\r\nx\r\n", CHUNK_HEAD, WHY_H1_CHUNK },
    { "size signed", POST(CHUNKED) "-1\r\nx\r\n", CHUNK_HEAD, WHY_H1_CHUNK },
    { "size with a blank before", POST(CHUNKED) " 1\r\nx\r\n", CHUNK_HEAD, WHY_H1_CHUNK },
    { "size with a blank behind", POST(CHUNKED) "1 \r\nx\r\n", CHUNK_HEAD, WHY_H1_CHUNK },
    { "size empty", POST(CHUNKED) "\r\nx\r\n", CHUNK_HEAD, WHY_H1_CHUNK },
    { "size too large", POST(CHUNKED) "10000000000000000\r\nx\r\n", CHUNK_HEAD, WHY_H1_CHUNK },
    { "size with bare LF", POST(CHUNKED) "1\nx\r\n", CHUNK_HEAD, WHY_H1_CHUNK },
    { "size with CR only", POST(CHUNKED) "1\rx\r\n", CHUNK_HEAD, WHY_H1_CHUNK },
    { "chunk too long", POST(CHUNKED) "1\r\nxy\r\n", CHUNK_HEAD "x", WHY_H1_CHUNK },
    { "chunk with bare LF", POST(CHUNKED) "1\r\nx\n0\r\n\r\n", CHUNK_HEAD "x", WHY_H1_CHUNK },
    { "extension with bare LF", POST(CHUNKED) "1;a\nx\r\n", CHUNK_HEAD, WHY_H1_CHUNK },
    { "extension with NUL-ish", POST(CHUNKED) "1;a\x01\r\nx\r\n", CHUNK_HEAD, WHY_H1_CHUNK },
    { "last chunk with bare LF", POST(CHUNKED) "0\r\n\n", CHUNK_HEAD, WHY_H1_FIELD },
    /* connection, upgrade, expect */
    { "close", GET("Connection: close\r\n"), "GET h / 11 connection=close| close\n", WHY_OK },
    { "close in a list", GET("Connection: foo, Close ,x\r\n"), "GET h / 11 connection=foo, Close ,x| close\n", WHY_OK },
    { "close and keep-alive", GET("Connection: keep-alive, close\r\n"),
      "GET h / 11 connection=keep-alive, close| close\n",
      WHY_OK },
    { "keep-alive in 1.0", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET  / 10 connection=keep-alive|\n",
      WHY_OK },
    { "after close", GET("Connection: close\r\n") GET(""), "GET h / 11 connection=close| close\nGET h / 11 \n",
      WHY_OK },
    { "upgrade", GET("Connection: Upgrade\r\nUpgrade: websocket\r\n"),
      "GET h / 11 connection=Upgrade|upgrade=websocket| upgrade=websocket\n", WHY_OK },
    { "upgrade without option", GET("Upgrade: websocket\r\n"), "GET h / 11 upgrade=websocket|\n", WHY_OK },
    { "upgrade to h2c", GET("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: A\r\n"),
      "GET h / 11 connection=Upgrade, HTTP2-Settings|upgrade=h2c|http2-settings=A|\n", WHY_OK },
    { "upgrade to a list", GET("Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n"),
      "GET h / 11 connection=Upgrade|upgrade=websocket, h2c|\n", WHY_OK },
    { "upgrade to TLS", GET("Connection: Upgrade\r\nUpgrade: TLS/1.2\r\n"),
      "GET h / 11 connection=Upgrade|upgrade=TLS/1.2|\n",
      WHY_OK },
    { "upgrade in 1.0", "GET / HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
      "GET  / 10 connection=Upgrade|upgrade=x| close\n", WHY_OK },
    { "upgrade with a body", POST("Connection: upgrade\r\nUpgrade: x\r\nContent-Length: 1\r\n") "a" GET(""),
      "POST h /p 11 connection=upgrade|upgrade=x|content-length=1| len=1\na<>\nGET h / 11 \n", WHY_OK },
    { "expect", POST("Expect: 100-Continue\r\nContent-Length: 1\r\n") "a",
      "POST h /p 11 expect=100-Continue|content-length=1| len=1 continue\na<>\n", WHY_OK },
    { "expect without a body", GET("Expect: 100-continue\r\nA: b\r\n"), "GET h / 11 a=b|\n", WHY_OK },
    { "expect in 1.0", "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na",
      "POST  / 10 content-length=1| len=1 close\na<>\n", WHY_OK },
    { "expect something else", POST("Expect: 200-ok\r\nContent-Length: 1\r\n"), "", WHY_H1_EXPECT },
    { "expect a little more", POST("Expect: 100-continue, x\r\nContent-Length: 1\r\n"), "", WHY_H1_EXPECT },
};

static const struct row responses[] = {
    { "length", OKAY("Content-Length: 2\r\n") "hi", "200 11 content-length=2| len=2\nhi<>\n", WHY_OK },
    { "length zero", OKAY("Content-Length: 0\r\n") OKAY("Content-Length: 0\r\n"),
      "200 11 content-length=0| len=0\n200 11 content-length=0| len=0\n", WHY_OK },
    { "no reason", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "200 11 content-length=0| len=0\n", WHY_OK },
    { "until the end", OKAY("A: b\r\n") "all of it", "200 11 a=b| eof close\nall of it", WHY_OK },
    { "1.0 kept", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
      "200 10 connection=keep-alive|content-length=0| len=0\n", WHY_OK },
    { "1.0 not kept", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", "200 10 content-length=0| len=0 close\n",
      WHY_OK },
    { "chunked with trailers", OKAY(CHUNKED) "1\r\nx\r\n0\r\ngrpc-status: 0\r\n\r\n",
      GOT_CHUNKED "x<grpc-status=0|>\n", WHY_OK },
    { "interim", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" OKAY("Content-Length: 0\r\n"),
      "100 11 \n103 11 link=x|\n200 11 content-length=0| len=0\n", WHY_OK },
    { "no content",
      "HTTP/1.1 204 No\r\n\r\nHTTP/1.1 304 Not\r\nContent-Length: 5\r\n\r\n"
      "HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n",
      "204 11 \n304 11 content-length=5| len=5\n204 11 content-length=0|\n", WHY_OK },
    { "last status", "HTTP/1.1 599 x\r\nContent-Length: 0\r\n\r\n", "599 11 content-length=0| len=0\n", WHY_OK },
    { "status 600", "HTTP/1.1 600 x\r\n\r\n", "", WHY_H1_ANSWER_STATUS },
    { "status 999", "HTTP/1.1 999 x\r\n\r\n", "", WHY_H1_ANSWER_STATUS },
    { "status 099", "HTTP/1.1 099 x\r\n\r\n", "", WHY_H1_ANSWER_STATUS },
    { "status 20", "HTTP/1.1 20 x\r\n\r\n", "", WHY_H1_ANSWER_STATUS },
    { "status 2000", "HTTP/1.1 2000 x\r\n\r\n", "", WHY_H1_ANSWER_STATUS },
    { "HTTP/2.0", "HTTP/2.0 200 OK\r\n\r\n", "", WHY_H1_ANSWER_VERSION },
    { "HTTP/0.9", "HTTP/0.9 200 OK\r\n\r\n", "", WHY_H1_ANSWER_VERSION },
    { "HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n", "", WHY_H1_ANSWER_VERSION },
    { "no HTTP at all", "hello", "", WHY_H1_ANSWER_HEAD },
    { "almost HTTP", "HTTQ/1.1 200 OK\r\n\r\n", "", WHY_H1_ANSWER_HEAD },
    { "RTSP", "RTSP/1.0 200 OK\r\n\r\n", "", WHY_H1_ANSWER_HEAD },
    { "empty line before", "\r\n" OKAY(""), "", WHY_H1_ANSWER_HEAD },
    { "folded", OKAY("A: b\r\n c\r\n"), "", WHY_H1_ANSWER_HEAD },
    { "bare LF", "HTTP/1.1 200 OK\nA: b\r\n\r\n", "", WHY_H1_ANSWER_HEAD },
    { "bare CR in reason", "HTTP/1.1 200 O\rK\r\n\r\n", "", WHY_H1_ANSWER_HEAD },
    { "control in a value", OKAY("A: \x02\r\n"), "", WHY_H1_ANSWER_HEAD },
    { "too many options",
      OKAY("Connection: 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33\r\n"),
      "", WHY_H1_ANSWER_HEAD },
    { "length and coding", OKAY("Content-Length: 1\r\n" CHUNKED), "", WHY_H1_ANSWER_LENGTH_AND_CODING },
    { "coding and length", OKAY(CHUNKED "Content-Length: 1\r\n"), "", WHY_H1_ANSWER_LENGTH_AND_CODING },
    { "length twice", OKAY("Content-Length: 1\r\nContent-Length: 2\r\n"), "", WHY_H1_ANSWER_LENGTH },
    { "length list", OKAY("Content-Length: 1, 1\r\n"), "", WHY_H1_ANSWER_LENGTH },
    { "204 with a body", "HTTP/1.1 204 No\r\nContent-Length: 1\r\n\r\nx", "", WHY_H1_ANSWER_LENGTH },
    { "100 with a body", "HTTP/1.1 100 Go\r\nContent-Length: 1\r\n\r\nx", "", WHY_H1_ANSWER_LENGTH },
    { "204 chunked", "HTTP/1.1 204 No\r\n" CHUNKED "\r\n", "", WHY_H1_ANSWER_CODING },
    { "coding gzip", OKAY("Transfer-Encoding: gzip\r\n"), "", WHY_H1_ANSWER_CODING },
    { "coding gzip, chunked", OKAY("Transfer-Encoding: gzip, chunked\r\n"), "", WHY_H1_ANSWER_CODING },
    { "coding in 1.0", "HTTP/1.0 200 OK\r\n" CHUNKED "\r\n", "", WHY_H1_ANSWER_CODING },
    { "bad chunk", OKAY(CHUNKED) "x\r\n", GOT_CHUNKED, WHY_H1_ANSWER_CHUNK },
    { "chunk too long", OKAY(CHUNKED) "1\r\nxy\r\n", GOT_CHUNKED "x", WHY_H1_ANSWER_CHUNK },
    { "switch that nobody asked for", "HTTP/1.1 101 Sw\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", "",
      WHY_H1_ANSWER_UPGRADE },
};

static const struct row upgrades[] = {
    { "switch", "HTTP/1.1 101 Sw\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n",
      "101 11 connection=Upgrade|upgrade=WebSocket| upgrade=WebSocket\n", WHY_OK },
    { "refused", OKAY("Content-Length: 1\r\nUpgrade: websocket\r\n") "x",
      "200 11 content-length=1|upgrade=websocket| len=1\nx<>\n",
      WHY_OK },
    { "switch to nothing", "HTTP/1.1 101 Sw\r\nConnection: upgrade\r\n\r\n", "", WHY_H1_ANSWER_UPGRADE },
    { "switch without option", "HTTP/1.1 101 Sw\r\nUpgrade: websocket\r\n\r\n", "", WHY_H1_ANSWER_UPGRADE },
    { "switch to h2c", "HTTP/1.1 101 Sw\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", "", WHY_H1_ANSWER_UPGRADE },
};

static const struct row to_heads[] = {
    { "length of a body that is not sent", OKAY("Content-Length: 5\r\n") "HTTP/1.1 404 No\r\n" CHUNKED "\r\n",
      "200 11 content-length=5| len=5\n404 11 transfer-encoding=chunked|\n", WHY_OK },
    { "no length", OKAY(""), "200 11 \n", WHY_OK },
};

enum side { REQUESTS, RESPONSES, UPGRADES, TO_HEADS };

static void feed_open(struct h1_feed *f, enum side side)
{
    CHECK(h1_feed_open(f, side != REQUESTS), "no memory\n");
    f->asked.is_upgrade = side == UPGRADES;
    f->asked.is_head = side == TO_HEADS;
}

static void check_row(const struct row *row, enum side side, size_t first, size_t cut)
{
    struct h1_feed f;
    size_t len = strlen(row->wire);
    enum why why = WHY_OK;

    feed_open(&f, side);
    if (first > 0)
        why = h1_feed_slice(&f, row->wire, first);
    if (why == WHY_OK)
        why = h1_feed_all(&f, row->wire + first, len - first, cut);
    CHECK(why == row->why, "%s, first %zu, then %zu: %s, not %s; text %s\n", row->name, first, cut, why_name(why),
          why_name(row->why), f.text);
    CHECK(strcmp(f.text, row->text) == 0, "%s, first %zu, then %zu:\n%s---- not\n%s", row->name, first, cut, f.text,
          row->text);
    h1_feed_close(&f);
}

static void check_rows(const struct row *rows, size_t rows_n, enum side side)
{
    for (size_t i = 0; i < rows_n; i++) {
        size_t len = strlen(rows[i].wire);
        for (size_t first = 0; first < len; first++)
            check_row(&rows[i], side, first, len);
        for (size_t cut = 1; cut < len; cut += cut < 16 ? 1 : 7)
            check_row(&rows[i], side, 0, cut);
    }
}

TEST(h1_reader_requests_at_every_cut)
{
    check_rows(requests, COUNT(requests), REQUESTS);
}

TEST(h1_reader_responses_at_every_cut)
{
    check_rows(responses, COUNT(responses), RESPONSES);
    check_rows(upgrades, COUNT(upgrades), UPGRADES);
    check_rows(to_heads, COUNT(to_heads), TO_HEADS);
}

TEST(h1_reader_refuses_nul_everywhere)
{
    static const char wire[] = "POST /path HTTP/1.1\r\nHost: h\r\nA: bcd\r\n" CHUNKED "\r\n1\r\nx\r\n0\r\nT: u\r\n\r\n";
    const char *payload = strstr(wire, "x\r\n0");

    for (size_t i = 0; i < sizeof(wire) - 1; i++)
        for (size_t cut = 1; cut < sizeof(wire); cut += 9) {
            struct h1_feed f;
            char copy[sizeof(wire)];
            memcpy(copy, wire, sizeof(wire));
            copy[i] = 0;
            feed_open(&f, REQUESTS);
            enum why why = h1_feed_all(&f, copy, sizeof(wire) - 1, cut);
            CHECK((why == WHY_OK) == (wire + i == payload), "NUL at %zu, cut %zu: %s\n", i, cut, why_name(why));
            h1_feed_close(&f);
        }
}

/* ---- limits, to the byte ---- */

/* front, then n times fill, then back; the same verdict in slices of any size. */
static void check_limit(enum side side, const char *what, const char *front, const char *fill, size_t n,
                        const char *back,
                        enum why want)
{
    static const size_t cuts[] = { SIZE_MAX, 1, 13, 4096 };
    size_t fill_len = strlen(fill), front_len = strlen(front), len = front_len + n * fill_len + strlen(back);
    char *wire = malloc(len + 1);

    CHECK(wire != NULL, "no memory\n");
    memcpy(wire, front, front_len);
    for (size_t i = 0; i < n; i++)
        memcpy(wire + front_len + i * fill_len, fill, fill_len);
    memcpy(wire + front_len + n * fill_len, back, strlen(back) + 1);
    for (size_t i = 0; i < COUNT(cuts); i++) {
        struct h1_feed f;
        feed_open(&f, side);
        enum why why = h1_feed_all(&f, wire, len, cuts[i] < len ? cuts[i] : len);
        CHECK(why == want, "%s, %zu times, slices of %zu: %s, not %s\n", what, n, cuts[i], why_name(why),
              why_name(want));
        CHECK(why != WHY_OK || f.messages_n == 1, "%s: %u messages\n", what, f.messages_n);
        h1_feed_close(&f);
    }
    free(wire);
}

#define AFTER_TARGET " HTTP/1.1\r\nHost: h\r\n\r\n"
#define FIELD_A "GET / HTTP/1.1\r\nHost: h\r\nA: "
#define END "\r\n\r\n"

TEST(h1_reader_limits_of_lines)
{
    check_limit(REQUESTS, "target", "GET /", "a", HEAD_LINE_BYTES_MAX - 1, AFTER_TARGET, WHY_OK);
    check_limit(REQUESTS, "target", "GET /", "a", HEAD_LINE_BYTES_MAX, AFTER_TARGET, WHY_URI_TOO_LONG);
    check_limit(REQUESTS, "target without end", "GET /", "a", H1_HEAD_WIRE_BYTES_MAX - 4, "", WHY_URI_TOO_LONG);
    check_limit(REQUESTS, "blanks without end", "GET ", " ", H1_HEAD_WIRE_BYTES_MAX - 3, "", WHY_URI_TOO_LONG);
    check_limit(REQUESTS, "value", FIELD_A, "a", HEAD_LINE_BYTES_MAX, END, WHY_OK);
    check_limit(REQUESTS, "value", FIELD_A, "a", HEAD_LINE_BYTES_MAX + 1, END, WHY_H1_FIELD_LONG);
    check_limit(REQUESTS, "value, then a byte that may not be", FIELD_A, "a", HEAD_LINE_BYTES_MAX + 9, "\x01",
                WHY_H1_FIELD);
    check_limit(REQUESTS, "value that ends in blanks", FIELD_A "b", " ", HEAD_LINE_BYTES_MAX, "c" END,
                WHY_H1_FIELD_LONG);
    check_limit(REQUESTS, "blanks before a value", FIELD_A, " ", HEAD_LINE_BYTES_MAX + 1, "c" END, WHY_OK);
    check_limit(REQUESTS, "blanks without end", FIELD_A, " ", H1_HEAD_WIRE_BYTES_MAX, "", WHY_H1_HEAD_LONG);
    check_limit(REQUESTS, "name", "GET / HTTP/1.1\r\nHost: h\r\n", "n", HEAD_NAME_BYTES_MAX, ": v" END, WHY_OK);
    check_limit(REQUESTS, "name", "GET / HTTP/1.1\r\nHost: h\r\n", "n", HEAD_NAME_BYTES_MAX + 1, ": v" END,
                WHY_H1_FIELD_LONG);
    check_limit(RESPONSES, "value", "HTTP/1.1 204 No\r\nA: ", "a", HEAD_LINE_BYTES_MAX, END, WHY_OK);
    check_limit(RESPONSES, "value", "HTTP/1.1 204 No\r\nA: ", "a", HEAD_LINE_BYTES_MAX + 1, END, WHY_H1_ANSWER_LONG);
    check_limit(RESPONSES, "reason without end", "HTTP/1.1 204 ", "a", H1_HEAD_WIRE_BYTES_MAX, "", WHY_H1_ANSWER_LONG);
}

TEST(h1_reader_limits_of_heads)
{
    /* Host is one of them. */
    check_limit(REQUESTS, "fields", "GET / HTTP/1.1\r\nHost: h\r\n", "a:\r\n", HEAD_FIELDS_MAX - 1, "\r\n", WHY_OK);
    check_limit(REQUESTS, "fields", "GET / HTTP/1.1\r\nHost: h\r\n", "a:\r\n", HEAD_FIELDS_MAX, "\r\n",
                WHY_H1_FIELDS_MANY);
    check_limit(RESPONSES, "fields", "HTTP/1.1 204 No\r\n", "a:\r\n", HEAD_FIELDS_MAX, "\r\n", WHY_OK);
    check_limit(RESPONSES, "fields", "HTTP/1.1 204 No\r\n", "a:\r\n", HEAD_FIELDS_MAX + 1, "\r\n", WHY_H1_ANSWER_LONG);

    /* 65536 = host 37 + three fields of 16384 + 33 + the last one of 33 and its value. */
    size_t wide = HEAD_LINE_BYTES_MAX, last = HEAD_BYTES_MAX - 37 - 3 * (wide + 33) - 33;
    char *front = malloc(3 * (wide + 8) + 64), *at = front;
    at += snprintf(at, 64, "GET / HTTP/1.1\r\nHost: h\r\n");
    for (int i = 0; i < 3; i++)
        at += snprintf(at, wide + 8, "b: %0*d\r\n", (int)wide, 0);
    snprintf(at, 8, "a: ");
    check_limit(REQUESTS, "all fields", front, "x", last, END, WHY_OK);
    check_limit(REQUESTS, "all fields", front, "x", last + 1, END, WHY_H1_HEAD_LONG);
    free(front);
}

#define CHUNKED_POST "POST / HTTP/1.1\r\nHost: h\r\n" CHUNKED "\r\n"
#define CHUNKED_ANSWER "HTTP/1.1 200 OK\r\n" CHUNKED "\r\n"

TEST(h1_reader_limits_of_chunks)
{
    /* The first line has no CR LF of a chunk before it: digits, x, CR LF. */
    size_t zeros = H1_CHUNK_LINE_BYTES_MAX - 3;
    check_limit(REQUESTS, "zeros", CHUNKED_POST, "0", zeros, "1\r\nx\r\n0\r\n\r\n", WHY_OK);
    check_limit(REQUESTS, "zeros", CHUNKED_POST, "0", zeros + 1, "1\r\nx\r\n0\r\n\r\n", WHY_H1_CHUNK_LINE);
    check_limit(REQUESTS, "extension", CHUNKED_POST "1\r\nx\r\n1;", "e", zeros - 3, "\r\ny\r\n0\r\n\r\n", WHY_OK);
    check_limit(REQUESTS, "extension", CHUNKED_POST "1\r\nx\r\n1;", "e", zeros - 2, "\r\ny\r\n0\r\n\r\n",
                WHY_H1_CHUNK_LINE);
    check_limit(REQUESTS, "extension of the last chunk", CHUNKED_POST "0;", "e", zeros + 1, "\r\n\r\n",
                WHY_H1_CHUNK_LINE);
    check_limit(RESPONSES, "extension", CHUNKED_ANSWER "1;", "e", zeros, "\r\ny\r\n0\r\n\r\n", WHY_H1_ANSWER_CHUNK);

    /* 64 bytes a line: 62 over CR LF, 42 beyond the usual 22. */
    static const char wide[] = "1;3456789012345678901234567890123456789012345678901234567890\r\nx\r\n";
    size_t over = sizeof(wide) - 1 - 1 - H1_CHUNK_USUAL_BYTES, lines = 1 + H1_CHUNK_EXCESS_BYTES_MAX / over;
    check_limit(REQUESTS, "all extensions", CHUNKED_POST, wide, lines - 1, "0\r\n\r\n", WHY_OK);
    check_limit(REQUESTS, "all extensions", CHUNKED_POST, wide, lines + 1, "0\r\n\r\n", WHY_H1_CHUNK_LINE);
    check_limit(RESPONSES, "all extensions", CHUNKED_ANSWER, wide, lines + 1, "0\r\n\r\n", WHY_H1_ANSWER_CHUNK);
    check_limit(REQUESTS, "small chunks", CHUNKED_POST, "1\r\nx\r\n", 20000, "0\r\n\r\n", WHY_OK);
}

TEST(h1_reader_limits_of_trailers)
{
    /* 3 for the last chunk's line, 5 around the name and value, 4 at the end. */
    size_t most = H1_CHUNK_LINE_BYTES_MAX + H1_TRAILER_WIRE_BYTES_MAX - 3 - 3 - 4;
    check_limit(REQUESTS, "trailers", CHUNKED_POST "0\r\na: ", "v", most, END, WHY_OK);
    check_limit(REQUESTS, "trailers", CHUNKED_POST "0\r\na: ", "v", most + 1, END, WHY_H1_TRAILERS_LONG);
    check_limit(REQUESTS, "trailers without end", CHUNKED_POST "0\r\na: ", " ", 2 * most, "", WHY_H1_TRAILERS_LONG);
    check_limit(REQUESTS, "trailers", CHUNKED_POST "0\r\n", "a:\r\n", HEAD_FIELDS_MAX, "\r\n", WHY_OK);
    check_limit(REQUESTS, "trailers", CHUNKED_POST "0\r\n", "a:\r\n", HEAD_FIELDS_MAX + 1, "\r\n", WHY_H1_FIELDS_MANY);
    check_limit(RESPONSES, "trailers", CHUNKED_ANSWER "0\r\na: ", "v", most + 1, END, WHY_H1_ANSWER_LONG);
}

/* ---- pools that are empty, and queues that are full ---- */

TEST(h1_reader_says_which_memory_is_out)
{
    static const char wire[] = "POST / HTTP/1.1\r\nHost: h\r\nA: b\r\n" CHUNKED "\r\n1\r\nx\r\n0\r\nT: u\r\n\r\n";
    static const size_t cuts[] = { 1, 11, sizeof(wire) - 1 };
    bool seen_arena = false, seen_pool = false;

    for (size_t c = 0; c < COUNT(cuts); c++)
        for (uint32_t n = 1; n < 12; n++) {
            struct h1_feed f;
            feed_open(&f, REQUESTS);
            pool_fail_after(&f.env.bufs._pool[BUF_SMALL], n);
            enum why why = h1_feed_all(&f, wire, sizeof(wire) - 1, cuts[c]);
            seen_arena |= why == WHY_ARENA_FULL;
            CHECK(why == WHY_OK || why == WHY_ARENA_FULL || why == WHY_POOL_BUFFER_EMPTY, "take %u: %s\n", n,
                  why_name(why));
            h1_feed_close(&f);
        }
    for (uint32_t n = 1; n < 12; n++) {
        struct h1_feed f;
        feed_open(&f, REQUESTS);
        enum why why = h1_feed_all(&f, wire, sizeof(wire) - 1 - 17, sizeof(wire));
        CHECK(why == WHY_OK && f.messages_n == 1, "head: %s\n", why_name(why));
        for (size_t size = 0; size < BUF_SIZES_N; size++)
            pool_fail_after(&f.env.bufs._pool[size], 1);
        why = h1_feed_all(&f, wire + sizeof(wire) - 1 - 17, 17, 17);
        seen_pool |= why == WHY_POOL_BUFFER_EMPTY;
        h1_feed_close(&f);
    }
    CHECK(seen_arena && seen_pool, "arena %d, pool %d\n", seen_arena, seen_pool);
}

TEST(h1_reader_stops_when_the_queue_is_full)
{
    static char block[65536];
    struct h1_feed f;
    enum why why = WHY_OK;
    enum h1_got got = H1_DONE;
    unsigned full_n = 0;

    memset(block, 'p', sizeof(block));
    for (int chunked = 0; chunked < 2; chunked++) {
        feed_open(&f, REQUESTS);
        const char *head = chunked ? CHUNKED_POST "80000\r\n" : POST("Content-Length: 524288\r\n");
        CHECK(h1_feed_all(&f, head, strlen(head), strlen(head)) == WHY_OK, "head\n");
        for (int i = 0; i < 8; i++)
            CHECK(bufq_push_copy(&f.env, &f.wire, span_of(block, sizeof(block))) == WHY_OK, "wire\n");
        if (chunked)
            CHECK(bufq_push_copy(&f.env, &f.wire, SPAN_LIT("\r\n0\r\n\r\n")) == WHY_OK, "wire\n");
        uint64_t all = 0;
        do {
            got = h1_reader_body(&f.reader, &f.env, &f.wire, &f.body, &f.trailers, &why);
            CHECK(f.body.bytes < STREAM_RX_BYTES_HIGH + (chunked ? 65536 : 524288), "%u bytes queued\n", f.body.bytes);
            full_n += got == H1_FULL;
            if (got == H1_FULL)
                CHECK(h1_reader_body(&f.reader, &f.env, &f.wire, &f.body, &f.trailers, &why) == H1_FULL, "ate more\n");
            all += f.body.bytes;
            bufq_clear(&f.env, &f.body);
        } while (got == H1_FULL);
        CHECK(got == H1_DONE && all == 524288, "got %d, %llu bytes\n", got, (unsigned long long)all);
        CHECK(h1_reader_is_between(&f.reader), "not between messages\n");
        h1_feed_close(&f);
    }
    CHECK(full_n > 0, "never full\n");
}

TEST(h1_reader_knows_where_the_peer_may_end)
{
    struct h1_feed f;

    feed_open(&f, RESPONSES);
    CHECK(h1_reader_is_between(&f.reader) && !h1_reader_may_end(&f.reader), "at the start\n");
    CHECK(h1_feed_all(&f, "H", 1, 1) == WHY_OK && !h1_reader_is_between(&f.reader), "in the head\n");
    CHECK(h1_feed_all(&f, "TTP/1.1 200 OK\r\n\r\nx", 19, 19) == WHY_OK, "head\n");
    CHECK(h1_reader_may_end(&f.reader) && !h1_reader_is_between(&f.reader), "in a body until the end\n");
    h1_feed_close(&f);
    feed_open(&f, RESPONSES);
    CHECK(h1_feed_all(&f, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx", 39, 39) == WHY_OK, "head\n");
    CHECK(!h1_reader_may_end(&f.reader) && !h1_reader_is_between(&f.reader), "in a body with a length\n");
    h1_feed_close(&f);
}

CHECK_RUN(RUN(h1_reader_requests_at_every_cut), RUN(h1_reader_responses_at_every_cut),
          RUN(h1_reader_refuses_nul_everywhere), RUN(h1_reader_limits_of_lines), RUN(h1_reader_limits_of_heads),
          RUN(h1_reader_limits_of_chunks), RUN(h1_reader_limits_of_trailers), RUN(h1_reader_says_which_memory_is_out),
          RUN(h1_reader_stops_when_the_queue_is_full), RUN(h1_reader_knows_where_the_peer_may_end))
