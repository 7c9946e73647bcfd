//! The commands of docs/backup.md, word for word: what they save comes back on an engine where nothing is left of it.

use std::path::Path;
use std::process::Command;

use acceptance::apps::{self, INSTALL_LIMIT, LATE, container};
use acceptance::packages::HELLO;
use acceptance::{Package, Setup, docker};

/// The block of commands that begins with that word.
fn commands(beginning: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/backup.md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    let mut blocks = page.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let block = blocks.find(|block| block.starts_with(&format!("# {beginning}:")));
    block.expect("the page has the block").to_owned()
}

fn carry_out(block: &str, from: &Path, to: &Path) {
    let ended = Command::new("sh").args(["-c", block]).env("FROM", from).env("TO", to).output();
    let ended = ended.expect("a shell is part of every system");
    let words = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{words}");
}

/// How often the app's database has started with this data.
fn starts(app: &str) -> usize {
    docker::docker(&["exec", &container(app, "database"), "cat", "/data/starts"]).lines().count()
}

#[test]
#[ignore = "needs the private engine: cargo xtask test"]
fn what_is_backed_up_as_the_page_says_comes_back() {
    let image = acceptance::packages::in_registry(HELLO);
    let mut server = Setup::default().packages(&[Package::pair("pair", &image)]).start();
    let app = apps::install(&server, "pair", "app");
    let variables = server.app_folder(&app).join(".env");
    let (before, secret) = (starts(&app), std::fs::read(&variables).expect("it is there"));
    server.stop();
    let folder = server.setup.folder().join("backup");
    let data_dir = server.setup.path_of_data_dir().to_owned();
    carry_out(&commands("backup"), &data_dir, &folder);
    assert_eq!(docker::state(&container(&app, "database")), "running", "it is at work again");

    // The machine is lost.
    docker::remove_all(&app);
    std::fs::remove_dir_all(&data_dir).expect("it is there");
    carry_out(&commands("restore"), &folder, &data_dir);
    server.start();
    server.api().await_status(&app, "50", LATE * 2);
    apps::done(&server, "AppStart", &app);
    server.api().await_status(&app, "30", INSTALL_LIMIT);
    assert!(starts(&app) > before, "the data are the old ones, and one start more");
    assert_eq!(std::fs::read(&variables).expect("it is there"), secret, "and so are the passwords");
    apps::done(&server, "AppUninstall", &app);
    apps::done(&server, "AppPurge", &app);
    assert!(docker::volumes(&app).is_empty(), "what was restored is the app's own: it goes with it");
}
