<?php
/**
 * Files of one user over SabreDAV, at the addresses and with the words of Nextcloud and ownCloud: permissions as letters,
 * a folder of deleted files, and public shares by their sharing interface; and the same files without any of that. What it is told stands in the environment.
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
        return ['{http://owncloud.org/ns}permissions' => $letters] + ($folder ? $tag : []);
    }

    function updateProperties($mutations) {
        return false;
    }

    function delete() {
        if ($this->isKept()) throw new DAV\Exception\Forbidden('It is kept.');
        $trash = getenv('DAV_STATE') . '/trash';
        if (getenv('DAV_TRASH') === '1') rename($this->path, "$trash/" . basename($this->path) . '.d' . microtime(true));
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

if (!basicOk($user, $password)) refuse(401, 'Sign in');
if ($path === '/ocs/v2.php/apps/files_sharing/api/v1/shares') share($files, $state);

$places = [
    "/remote.php/dav/files/$user/" => $files,
    '/remote.php/webdav/' => $files,
    '/plain/' => $files,
] + ($trash ? ["/remote.php/dav/trashbin/$user/trash/" => "$state/trash", "/remote.php/dav/trash-bin/$user/" => "$state/trash"] : []);
foreach ($places as $base => $folder) {
    if (!str_starts_with("$path/", $base)) continue;
    $server = new DAV\Server($base === '/plain/' ? new DAV\FS\Directory($folder) : new CloudFolder($folder));
    $server->setBaseUri($base);
    $server->addPlugin(new DAV\Locks\Plugin(new DAV\Locks\Backend\File("$state/locks")));
    $server->exec();
    exit;
}
refuse(404, 'Nothing is here');
