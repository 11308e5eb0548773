/* fuzz_replay.c - run a fuzz target over its committed corpus, without a fuzzer.
 *
 * Goal:   every input that once mattered stays green under each compiler and sanitizer that the suite runs.
 * Method: each regular file of the folder (or each file) named on the command line goes through the target once,
 *         in a heap block of exactly its size, so that a read past its end is seen by the address sanitizer.
 * Replay: <x>_fuzz FILE
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat st;

    if (file == NULL || fstat(fileno(file), &st) != 0) {
        perror(path);
        return -1;
    }
    size_t size = (size_t)st.st_size;
    uint8_t *data = malloc(size > 0 ? size : 1);
    if (data == NULL || fread(data, 1, size, file) != size) {
        perror(path);
        return -1;
    }
    fclose(file);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 0;
}

/* Answers how many inputs ran, or -1. */
static int replay_folder(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    int ran_n = 0;

    if (dir == NULL) {
        perror(path);
        return -1;
    }
    while ((entry = readdir(dir)) != NULL) {
        char file[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        if (replay_file(file) != 0)
            return -1;
        ran_n++;
    }
    closedir(dir);
    return ran_n;
}

int main(int argc, char **argv)
{
    int ran_n = 0;

    for (int i = 1; i < argc; i++) {
        struct stat st;
        if (stat(argv[i], &st) != 0) {
            perror(argv[i]);
            return 1;
        }
        int n = S_ISDIR(st.st_mode) ? replay_folder(argv[i]) : (replay_file(argv[i]) == 0 ? 1 : -1);
        if (n < 0)
            return 1;
        ran_n += n;
    }
    printf("%d inputs replayed\n", ran_n);
    if (ran_n == 0) {
        fprintf(stderr, "no input: a fuzz target needs a corpus below tests/fuzz/corpus\n");
        return 1;
    }
    return 0;
}
