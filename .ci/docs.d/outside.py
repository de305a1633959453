"""Files of the repository that a page links to become part of the site, below `repository/`."""

import re
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[2]
OUTSIDE = re.compile(r"(?<=\]\()\.\./(?P<path>[^)#]+)(?=[)#])")


def on_files(files, config):
    for page in files.documentation_pages():
        for link in OUTSIDE.finditer(page.content_string):
            path, uri = ROOT / link["path"], f"repository/{link['path']}"
            if path.is_file() and files.get_file_from_path(uri) is None:
                files.append(File.generated(config, uri, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown, page, config, files):
    if page.file.src_uri.startswith("repository/"):
        return markdown.replace("](docs/", "](../")
    return OUTSIDE.sub(r"repository/\g<path>", markdown)
