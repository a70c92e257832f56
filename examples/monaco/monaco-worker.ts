// The only worker of Monaco that plain text needs.

import 'monaco-editor/editor/editor.worker.js';
