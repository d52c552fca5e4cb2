<?php
/**
 * Files of one user over SabreDAV, at the addresses and with the words of Nextcloud and ownCloud: permissions as letters,
 * deleted files that can be brought back, and public shares by their sharing interface; and the same files without any of that. What it is told stands in the environment.
 */
require 'Sabre/autoload.php';

use Sabre\DAV;

$files = getenv('DAV_FILES');
$state = getenv('DAV_STATE');
$user = getenv('DAV_USER');
$password = getenv('DAV_PASSWORD');
$trash = getenv('DAV_TRASH') === '1';
$path = strtok($_SERVER['REQUEST_URI'], '?');

function refuse(int $status, string $text): never {
    http_response_code($status);
    if ($status === 401) header('WWW-Authenticate: Basic realm="Cloud", charset="UTF-8"');
    echo $text;
    exit;
}

function basicOk(string $user, string $password): bool {
    return ($_SERVER['PHP_AUTH_USER'] ?? '') === $user && ($_SERVER['PHP_AUTH_PW'] ?? '') === $password;
}

/** https://docs.nextcloud.com/server/latest/developer_manual/client_apis/OCS/ocs-share-api.html */
function share(string $files, string $state): never {
    if (($_SERVER['HTTP_OCS_APIREQUEST'] ?? '') !== 'true') refuse(412, 'CSRF check failed');
    if ($_SERVER['REQUEST_METHOD'] !== 'POST') refuse(405, '');
    $shared = $_POST['path'] ?? '';
    if ($shared === '' || !file_exists($files . $shared)) refuse(404, 'Wrong path, file/folder does not exist');
    if (($_POST['shareType'] ?? '') !== '3' || !preg_match('/^\d{4}-\d\d-\d\d$/', $_POST['expireDate'] ?? '')) refuse(400, '');
    file_put_contents("$state/shares", json_encode($_POST) . "\n", FILE_APPEND);
    header('Content-Type: application/json');
    echo json_encode(['ocs' => ['meta' => ['status' => 'ok', 'statuscode' => 200], 'data' => [
        'url' => "http://{$_SERVER['HTTP_HOST']}/s/" . bin2hex(random_bytes(8)),
        'expiration' => "{$_POST['expireDate']} 00:00:00",
        'permissions' => (int) $_POST['permissions'],
    ]]]);
    exit;
}

/** What Nextcloud tells of every file and folder, and what it does with one that is deleted. */
trait CloudNode {
    function getProperties($asked) {
        $folder = $this instanceof DAV\ICollection;
        $letters = 'RG' . ($this->isKept() ? '' : 'D') . 'NVW' . ($folder ? 'CK' : '');
        $tag = ['{DAV:}getetag' => $this->tag()];
        $facts = ['{http://owncloud.org/ns}permissions' => $letters, '{http://owncloud.org/ns}fileid' => (string) fileinode($this->path)];
        return $facts + ($folder ? $tag : []);
    }

    function updateProperties($mutations) {
        return false;
    }

    function delete() {
        if ($this->isKept()) throw new DAV\Exception\Forbidden('It is kept.');
        if (getenv('DAV_TRASH') === '1') intoTrash($this->path);
        else parent::delete();
    }

    function tag() {
        clearstatcache();
        $facts = stat($this->path);
        return '"' . md5("{$facts['ino']} {$facts['mtime']} {$facts['size']}") . '"';
    }

    private function isKept() {
        return str_starts_with(basename($this->path), 'kept');
    }
}

class CloudFile extends DAV\FS\File implements DAV\IProperties {
    use CloudNode;

    function getETag() {
        return $this->tag();
    }
}

class CloudFolder extends DAV\FS\Directory implements DAV\IProperties {
    use CloudNode;

    function getChild($name) {
        $path = "$this->path/$name";
        if (!file_exists($path)) throw new DAV\Exception\NotFound("File with name $path could not be located");
        return is_dir($path) ? new CloudFolder($path) : new CloudFile($path);
    }
}

/** The user's files under the user's name. */
class UserFiles extends CloudFolder {
    function getName() {
        return getenv('DAV_USER');
    }
}

/** Moves a file or folder among the deleted ones, under its name and the second, and notes where it was. */
function intoTrash(string $path): void {
    $state = getenv('DAV_STATE');
    if (!is_dir("$state/meta")) mkdir("$state/meta");
    $second = time();
    while (file_exists("$state/trash/" . basename($path) . ".d$second")) $second++;
    $name = basename($path) . ".d$second";
    file_put_contents("$state/meta/$name", json_encode(['location' => substr($path, strlen(getenv('DAV_FILES')) + 1), 'deleted' => $second]));
    rename($path, "$state/trash/$name");
}

/**
 * What both clouds tell of something deleted, and what they do when it is moved back.
 * https://docs.nextcloud.com/server/latest/developer_manual/client_apis/WebDAV/trashbin.html and, of 2026-11,
 * https://github.com/nextcloud/server/tree/master/apps/files_trashbin, https://github.com/owncloud/core/tree/master/apps/dav/lib/TrashBin
 */
trait TrashNode {
    public $numbered = false;

    function meta() {
        return json_decode(file_get_contents(getenv('DAV_STATE') . '/meta/' . basename($this->path)), true);
    }

    /** ownCloud names what is deleted by its number. */
    function getName() {
        return $this->numbered ? (string) fileinode($this->path) : basename($this->path);
    }

    function getLastModified() {
        return $this->meta()['deleted'];
    }

    function getETag() {
        return '"' . $this->meta()['deleted'] . '"';
    }

    function getProperties($asked) {
        ['location' => $location, 'deleted' => $deleted] = $this->meta();
        return [
            '{http://owncloud.org/ns}fileid' => (string) fileinode($this->path),
            '{http://nextcloud.org/ns}trashbin-filename' => basename($location),
            '{http://nextcloud.org/ns}trashbin-original-location' => $location,
            '{http://nextcloud.org/ns}trashbin-deletion-time' => (string) $deleted,
            '{http://owncloud.org/ns}trashbin-original-filename' => basename($location),
            '{http://owncloud.org/ns}trashbin-original-location' => $location,
            '{http://owncloud.org/ns}trashbin-delete-timestamp' => (string) $deleted,
        ];
    }

    function updateProperties($mutations) {
        return false;
    }

    /** Nextcloud brings back to the top what has no folder any more, and under another name where one is taken. */
    function restore() {
        $files = getenv('DAV_FILES');
        $location = $this->meta()['location'];
        $folder = dirname("$files/$location");
        if (!is_dir($folder)) $folder = $files;
        $name = basename($location);
        while (file_exists("$folder/$name")) $name .= ' (restored)';
        $this->restoreTo("$folder/$name");
    }

    function restoreTo($target) {
        if (file_exists($target)) throw new DAV\Exception\Forbidden('Could not restore, the target already exists');
        unlink(getenv('DAV_STATE') . '/meta/' . basename($this->path));
        rename($this->path, $target);
    }
}

class TrashFile extends DAV\FS\File implements DAV\IProperties {
    use TrashNode;
}

class TrashFolder extends DAV\FS\Directory implements DAV\IProperties {
    use TrashNode;
}

/** The deleted files of a user. */
class Trash extends DAV\Collection {
    function __construct(private string $name, private bool $numbered) {
    }

    function getName() {
        return $this->name;
    }

    function getChildren() {
        $trash = getenv('DAV_STATE') . '/trash';
        $names = array_diff(scandir($trash), ['.', '..']);
        return array_map(function ($name) use ($trash) {
            $node = is_dir("$trash/$name") ? new TrashFolder("$trash/$name") : new TrashFile("$trash/$name");
            $node->numbered = $this->numbered;
            return $node;
        }, array_values($names));
    }
}

class CloudTree extends DAV\ObjectTree {
    function move($from, $to) {
        $node = $this->getNodeForPath($from);
        if (!$node instanceof TrashFile && !$node instanceof TrashFolder) return parent::move($from, $to);
        $files = 'files/' . getenv('DAV_USER') . '/';
        if (!$node->numbered && str_starts_with($to, 'trashbin/' . getenv('DAV_USER') . '/restore/')) $node->restore();
        elseif ($node->numbered && str_starts_with($to, $files)) $node->restoreTo(getenv('DAV_FILES') . '/' . substr($to, strlen($files)));
        else throw new DAV\Exception\Forbidden('That is no place to bring it back to.');
        $this->markDirty($from);
    }
}

function davTree(string $files, string $user, bool $trash): CloudTree {
    $named = fn(string $name, array $children) => new DAV\SimpleCollection($name, $children);
    $bins = !$trash ? [] : [
        $named('trashbin', [$named($user, [new Trash('trash', false), $named('restore', [])])]),
        $named('trash-bin', [new Trash($user, true)]),
    ];
    return new CloudTree($named('dav', [$named('files', [new UserFiles($files)]), ...$bins]));
}

if (!basicOk($user, $password)) refuse(401, 'Sign in');
if ($path === '/ocs/v2.php/apps/files_sharing/api/v1/shares') share($files, $state);

$places = [
    '/remote.php/dav/' => fn() => davTree($files, $user, $trash),
    '/remote.php/webdav/' => fn() => new CloudFolder($files),
    '/plain/' => fn() => new DAV\FS\Directory($files),
];
foreach ($places as $base => $tree) {
    if (!str_starts_with("$path/", $base)) continue;
    $server = new DAV\Server($tree());
    $server->setBaseUri($base);
    $server->addPlugin(new DAV\Locks\Plugin(new DAV\Locks\Backend\File("$state/locks")));
    $server->exec();
    exit;
}
refuse(404, 'Nothing is here');
