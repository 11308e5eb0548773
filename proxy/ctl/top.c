/* top.c - see top.h. */
#include "ctl/top.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "conf/conf_arena.h"
#include "ctl/client.h"
#include "ctl/ctl.h"
#include "ctl/sample.h"

enum { TOP_ENDINGS = 12, TOP_TITLE_EVERY = 20 };

struct top {
    struct ctl     *ctl;
    struct sample  *before, *now;
    struct termios  was;
    bool            is_screen;  /* the terminal is ours: it must be given back as it was */
    int             signals;    /* descriptor that Ctrl-C and friends come through */
    uint32_t        lines_n;
};

/* ---- figures ---- */

static double rate(const struct top *t, enum sample_total total)
{
    return sample_rate(t->before, t->now, total);
}

/* "3.4 MB": what a person reads. */
static const char *bytes_text(double n, char *out, size_t bytes)
{
    static const char *const units[] = { "B", "KB", "MB", "GB", "TB" };
    unsigned unit = 0;

    for (; n >= 1000 && unit + 1 < COUNT(units); unit++)
        n /= 1000;
    snprintf(out, bytes, unit > 0 && n < 100 ? "%.1f %s" : "%.0f %s", n, units[unit]);
    return out;
}

static double connections(const struct top *t)
{
    double n = t->now->totals[SAMPLE_ACCEPTED] - t->now->totals[SAMPLE_CLOSED];

    return n > 0 ? n : 0;
}

/* ---- lines, for files and pipes ---- */

static void print_line(struct top *t)
{
    char in[32], out[32];

    if (t->lines_n++ % TOP_TITLE_EVERY == 0)
        ctl_print(t->ctl, "%10s %9s %9s %9s %9s %8s %12s %12s\n", "REQUESTS/S", "2XX/S", "3XX/S", "4XX/S", "5XX/S", "CONNS", "IN/S",
                  "OUT/S");
    ctl_print(t->ctl, "%10.0f %9.0f %9.0f %9.0f %9.0f %8.0f %12s %12s\n", rate(t, SAMPLE_REQUESTS), rate(t, SAMPLE_2XX),
              rate(t, SAMPLE_3XX), rate(t, SAMPLE_4XX), rate(t, SAMPLE_5XX), connections(t),
              bytes_text(rate(t, SAMPLE_BYTES_IN), in, sizeof(in)), bytes_text(rate(t, SAMPLE_BYTES_OUT), out, sizeof(out)));
}

/* ---- the screen ---- */

struct shown {
    const struct sample_ending *ending;
    double rate;
};

static int by_rate(const void *left, const void *right)
{
    const struct shown *a = left, *b = right;

    if (a->rate != b->rate)
        return a->rate > b->rate ? -1 : 1;
    return a->ending->n > b->ending->n ? -1 : a->ending->n < b->ending->n ? 1 : 0;
}

static void draw_endings(struct top *t)
{
    struct shown shown[SAMPLE_ENDINGS_MAX];
    uint32_t n = 0;

    for (uint32_t i = 0; i < t->now->endings_n; i++)
        if (t->now->endings[i].n > 0)
            shown[n++] = (struct shown){ &t->now->endings[i], sample_ending_rate(t->before, t->now, &t->now->endings[i]) };
    qsort(shown, n, sizeof(shown[0]), by_rate);
    ctl_print(t->ctl, "%s%-36s %10s %12s%s\033[K\n", ctl_dim(t->ctl), "HOW REQUESTS AND CONNECTIONS ENDED", "A SECOND", "SINCE START",
              ctl_plain(t->ctl));
    for (uint32_t i = 0; i < n && i < TOP_ENDINGS; i++) {
        ctl_print(t->ctl, "%s", shown[i].rate > 0 ? ctl_yellow(t->ctl) : "");
        ctl_print_safe(t->ctl, span_str(shown[i].ending->name));
        ctl_print(t->ctl, "%*s %10.1f %12.0f%s\033[K\n", (int)(36 - strlen(shown[i].ending->name) % 37), "", shown[i].rate,
                  shown[i].ending->n, ctl_plain(t->ctl));
    }
    if (n == 0)
        ctl_print(t->ctl, "nothing but well, so far\033[K\n");
}

static void draw(struct top *t)
{
    struct ctl *ctl = t->ctl;
    char in[32], out[32];
    double bad = rate(t, SAMPLE_5XX);

    ctl_print(ctl, "\033[H%sforgectl top%s  generation %.0f  every %s  q ends\033[K\n\033[K\n", ctl_bold(ctl), ctl_plain(ctl),
              t->now->totals[SAMPLE_GENERATION], ctl_text(ctl, FLAG_INTERVAL));
    ctl_print(ctl, "requests    %s%10.0f /s%s   2xx %.0f  3xx %.0f  4xx %.0f  %s5xx %.0f%s\033[K\n", ctl_bold(ctl),
              rate(t, SAMPLE_REQUESTS), ctl_plain(ctl), rate(t, SAMPLE_2XX), rate(t, SAMPLE_3XX), rate(t, SAMPLE_4XX),
              bad > 0 ? ctl_red(ctl) : "", bad, ctl_plain(ctl));
    ctl_print(ctl, "connections %10.0f      new %.0f /s\033[K\n", connections(t), rate(t, SAMPLE_ACCEPTED));
    ctl_print(ctl, "bytes       %10s in/s %s out/s\033[K\n", bytes_text(rate(t, SAMPLE_BYTES_IN), in, sizeof(in)),
              bytes_text(rate(t, SAMPLE_BYTES_OUT), out, sizeof(out)));
    ctl_print(ctl, "upstreams   %10.0f new/s, %.0f kept/s, %.0f retries/s\033[K\n", rate(t, SAMPLE_UP_CONNECTS), rate(t, SAMPLE_UP_REUSES),
              rate(t, SAMPLE_UP_RETRIES));
    ctl_print(ctl, "TLS         %10.0f handshakes/s, %.0f resumed/s, %.0f failed/s\033[K\n\033[K\n", rate(t, SAMPLE_TLS),
              rate(t, SAMPLE_TLS_RESUMED), rate(t, SAMPLE_TLS_FAILED));
    draw_endings(t);
    ctl_print(ctl, "\033[J");
}

/* ---- the terminal ---- */

static void terminal_take(struct top *t)
{
    struct termios raw;

    if (!t->ctl->is_terminal || ctl_has(t->ctl, FLAG_ONCE) || tcgetattr(STDIN_FILENO, &t->was) != 0)
        return;
    raw = t->was;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) != 0)
        return;
    t->is_screen = true;
    ctl_print(t->ctl, "\033[?1049h\033[?25l\033[2J"); /* The other screen, no cursor. */
}

static void terminal_give(struct top *t)
{
    if (!t->is_screen)
        return;
    ctl_forget(t->ctl);
    ctl_print(t->ctl, "\033[?25h\033[?1049l");
    ctl_flush(t->ctl);
    tcsetattr(STDIN_FILENO, TCSANOW, &t->was);
    t->is_screen = false;
}

/* Signals come through a descriptor, so that nothing ends before the terminal is as it was. */
static int signals_open(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

/* Until the next look. true: somebody wants to go. */
static bool rest(struct top *t, uint64_t ns)
{
    uint64_t until_ns = clock_mono_ns() + ns, now_ns;

    while ((now_ns = clock_mono_ns()) < until_ns) {
        struct pollfd fds[2] = { { .fd = t->signals, .events = POLLIN }, { .fd = t->is_screen ? STDIN_FILENO : -1, .events = POLLIN } };
        char key = 0;

        if (poll(fds, COUNT(fds), (int)((until_ns - now_ns) / NS_PER_MS) + 1) <= 0)
            continue;
        if (fds[0].revents != 0)
            return true;
        if (fds[1].revents != 0 && (read(STDIN_FILENO, &key, 1) <= 0 || key == 'q' || key == 'Q' || key == 27))
            return true;
    }
    return false;
}

/* ---- looking ---- */

static enum command_exit look(struct top *t, const char **out_sentence)
{
    const struct client_question question = { .method = "GET", .target = SPAN_LIT("/metrics") };
    struct sample *oldest = t->before;
    struct client_answer answer;
    size_t kept = t->ctl->arena->bytes;
    enum command_exit code = client_try(t->ctl, &question, &answer, out_sentence);

    if (code != EXIT_FINE)
        return code;
    if (answer.status != 200) {
        *out_sentence = "it answers, and does not tell its figures: --metrics URL says where the management listener is";
        return EXIT_REFUSED;
    }
    t->before = t->now;
    t->now = oldest;
    t->now->at_ns = clock_mono_ns();
    sample_read(t->now, answer.body);
    memset((uint8_t *)t->ctl->arena + kept, 0, t->ctl->arena->bytes - kept);
    t->ctl->arena->bytes = kept; /* Each look costs the same, however many there are; what is given out is zeroed. */
    return EXIT_FINE;
}

static enum command_exit run(struct top *t, const char **out_sentence)
{
    uint64_t interval_ns = arguments_duration_ns(&t->ctl->arguments, FLAG_INTERVAL);
    enum command_exit code = look(t, out_sentence);

    if (code != EXIT_FINE)
        return code;
    terminal_take(t);
    *t->before = *t->now; /* The first picture has no rates yet. */
    if (t->is_screen)
        draw(t);
    while (ctl_flush(t->ctl) && !rest(t, interval_ns)) {
        code = look(t, out_sentence);
        if (code != EXIT_FINE)
            return code;
        if (t->is_screen)
            draw(t);
        else
            print_line(t);
        if (ctl_has(t->ctl, FLAG_ONCE))
            return EXIT_FINE;
    }
    return EXIT_FINE;
}

enum command_exit top_command(struct ctl *ctl)
{
    struct sample *samples = conf_arena_array(ctl->arena, 2, sizeof(*samples));
    struct top t = { .ctl = ctl, .signals = signals_open() };
    const char *sentence = NULL;
    enum command_exit code;

    if (samples == NULL || t.signals < 0) {
        ctl_say(ctl, "there is no memory for figures");
        return EXIT_REFUSED;
    }
    t.before = &samples[0];
    t.now = &samples[1];
    code = run(&t, &sentence);
    terminal_give(&t);
    close(t.signals);
    if (code != EXIT_FINE)
        ctl_say(ctl, "%s", sentence);
    return code;
}
