/* source_form.h - which sorts of sources there are, for those who know no tables.
 *
 * Layer:  conf.
 */
#pragma once

enum forge_source_type {
    FORGE_SOURCE_ARCHIVE = 0,
    FORGE_SOURCE_DIRECTORY,
    FORGE_SOURCE_BARE_REPOSITORY,
};

enum forge_source_provider {
    FORGE_SOURCE_GITHUB = 0,
    FORGE_SOURCE_GITLAB,
    FORGE_SOURCE_GITEA,
    FORGE_SOURCE_URL,
};

enum forge_source_hook {
    FORGE_SOURCE_HOOK_GITHUB = 0,
    FORGE_SOURCE_HOOK_GITLAB,
    FORGE_SOURCE_HOOK_GITEA,
    FORGE_SOURCE_HOOK_GENERIC,
};

enum forge_source_drift {
    FORGE_SOURCE_REPORT = 0,
    FORGE_SOURCE_REVERT,
};
