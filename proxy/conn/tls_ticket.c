/* tls_ticket.c - AES-256-GCM tickets under rotating keys.
 *
 * Spec:   RFC 5077 s4, s5.5 (rotation).
 * Layer:  conn (tls_*).
 * Bounds: EPOCH_SLOTS keys in memory.
 * Thread: rotate stores a fresh key into the slot that no epoch in use names, then moves the epoch on (release);
 *         readers load the epoch (acquire) and look at its neighbours only. A reader would have to sleep for a whole
 *         rotation between the two to meet the writer.
 *
 * The library numbers the tickets of one chain of resumptions in one byte and fails the handshake at the 256th, so each
 * ticket says how far down its chain it is, and one that is too far down is as good as none.
 */
#include "conn/tls_ticket.h"

#include <string.h>

#include <wolfssl/wolfcrypt/settings.h>
#include <wolfssl/wolfcrypt/aes.h>

#include "base/limits.h"
#include "base/random.h"
#include "conn/tls_thread.h"

enum { EPOCH_SLOTS = 4, KEY_BYTES = 32, TAG_BYTES = 16, FILLER = 0xa5 };

struct epoch_key {
    uint8_t name[TLS_TICKET_NAME_BYTES];
    uint8_t key[KEY_BYTES];
};

struct tls_ticket_keys {
    uint32_t         epoch;     /* slots of epoch - 1, epoch and epoch + 1 are valid */
    struct epoch_key slots[EPOCH_SLOTS];
};

/* What stands behind the library's own state. */
struct tail {
    uint8_t chain;
    uint8_t spare[TLS_TICKET_GROWS_BYTES - 1];
};

static void make_key(struct epoch_key *k)
{
    random_secure(k->name, sizeof(k->name));
    random_secure(k->key, sizeof(k->key));
}

enum why tls_ticket_keys_open(struct tls_ticket_keys **out_keys)
{
    struct tls_ticket_keys *keys = tls_thread_malloc(sizeof(*keys));

    if (keys == NULL)
        return WHY_TLS_NO_MEMORY;
    keys->epoch = 1;
    for (unsigned i = 0; i < EPOCH_SLOTS; i++)
        make_key(&keys->slots[i]);
    *out_keys = keys;
    return WHY_OK;
}

void tls_ticket_keys_close(struct tls_ticket_keys *keys)
{
    if (keys != NULL)
        explicit_bzero(keys, sizeof(*keys));
    tls_thread_free(keys);
}

void tls_ticket_keys_rotate(struct tls_ticket_keys *keys)
{
    uint32_t epoch = keys->epoch;

    make_key(&keys->slots[(epoch + 2) % EPOCH_SLOTS]);
    __atomic_store_n(&keys->epoch, epoch + 1, __ATOMIC_RELEASE);
}

/* ---- sealing ---- */

struct aad {
    uint8_t name[TLS_TICKET_NAME_BYTES];
    uint8_t policy[TLS_TICKET_POLICY_BYTES];
};

static struct aad make_aad(const struct tls_ticket_policy *policy, const uint8_t *name)
{
    struct aad aad;

    memcpy(aad.name, name, sizeof(aad.name));
    memcpy(aad.policy, policy->digest, sizeof(aad.policy));
    return aad;
}

static bool crypt_state(const struct epoch_key *k, const struct tls_ticket_policy *policy,
                        const struct tls_ticket_frame *frame, uint8_t *at, uint32_t bytes, bool is_seal)
{
    struct aad aad = make_aad(policy, k->name);
    Aes  aes;
    int  rc;

    if (wc_AesInit(&aes, NULL, INVALID_DEVID) != 0 || wc_AesGcmSetKey(&aes, k->key, KEY_BYTES) != 0)
        return false;
    if (is_seal)
        rc = wc_AesGcmEncrypt(&aes, at, at, bytes, frame->iv, TLS_TICKET_IV_BYTES, frame->mac, TAG_BYTES,
                              (const uint8_t *)&aad, sizeof(aad));
    else
        rc = wc_AesGcmDecrypt(&aes, at, at, bytes, frame->iv, TLS_TICKET_IV_BYTES, frame->mac, TAG_BYTES,
                              (const uint8_t *)&aad, sizeof(aad));
    wc_AesFree(&aes);
    return rc == 0;
}

bool tls_ticket_seal(const struct tls_ticket_policy *policy, const struct tls_ticket_frame *frame, uint8_t *state,
                     uint32_t state_bytes, uint8_t chain)
{
    uint32_t epoch = __atomic_load_n(&policy->keys->epoch, __ATOMIC_ACQUIRE);
    const struct epoch_key *k = &policy->keys->slots[epoch % EPOCH_SLOTS];
    struct tail tail = { .chain = chain };

    memcpy(frame->name, k->name, TLS_TICKET_NAME_BYTES);
    tls_thread_random(frame->iv, TLS_TICKET_IV_BYTES);
    memset(frame->mac, FILLER, TLS_TICKET_MAC_BYTES);
    memcpy(state + state_bytes, &tail, sizeof(tail));
    return crypt_state(k, policy, frame, state, state_bytes + TLS_TICKET_GROWS_BYTES, true);
}

enum tls_ticket_got tls_ticket_unseal(const struct tls_ticket_policy *policy, const struct tls_ticket_frame *frame,
                                      uint8_t *sealed, uint32_t sealed_bytes, uint8_t *out_chain)
{
    uint32_t epoch = __atomic_load_n(&policy->keys->epoch, __ATOMIC_ACQUIRE);
    struct tail tail;

    if (sealed_bytes < TLS_TICKET_GROWS_BYTES)
        return TLS_TICKET_BAD;
    for (uint32_t e = epoch - 1; e != epoch + 2; e++) {
        const struct epoch_key *k = &policy->keys->slots[e % EPOCH_SLOTS];
        if (memcmp(k->name, frame->name, TLS_TICKET_NAME_BYTES) != 0)
            continue;
        if (!crypt_state(k, policy, frame, sealed, sealed_bytes, false))
            return TLS_TICKET_BAD;
        memcpy(&tail, sealed + sealed_bytes - TLS_TICKET_GROWS_BYTES, sizeof(tail));
        if (tail.chain >= TLS_TICKET_CHAIN_MAX)
            return TLS_TICKET_BAD;
        *out_chain = tail.chain;
        return e == epoch - 1 ? TLS_TICKET_OLD : TLS_TICKET_GOOD;
    }
    return TLS_TICKET_BAD;
}
