//! The pages of the members: what each person is asked to see to.

use crate::console::enrolled;
use crate::served::Served;

#[test]
fn whoever_accepted_a_changed_key_is_told_that_another_person_has_to() {
    let office = Served::new();
    office.identity_changes("TR");
    let page = |name: &str| {
        let (person, _) = enrolled(&office, name);
        let page = person.get("/members/TR");
        assert_eq!(page.status, 200, "{}", page.text());
        let asked = page.text().contains("action=\"/members/TR/accept\"");
        (asked, page.text().contains("Another person here has to"))
    };
    assert_eq!(page("contact"), (true, false), "nobody has accepted it");
    let accept = office.call("officer", "POST", "/members/TR/accept").send();
    assert_eq!(accept.status, 200, "{}", accept.text());
    assert_eq!(page("officer"), (false, true));
    assert_eq!(page("releaser"), (true, false));
    assert_eq!(page("observer"), (false, false), "observers accept nothing");
}
